/** What Grafana's dashboard JSON needs for one graph; the fields are those of its panel model. */
export interface Panel {
  readonly title: string;
  readonly description?: string;
  /** Grafana's name for the unit: `reqps`, `s`, `bytes`, `percentunit`, `short`. */
  readonly unit: string;
  readonly queries: readonly Query[];
  /** Of 24. */
  readonly width: number;
  readonly isStacked?: boolean;
}

export interface Query {
  /** PromQL, with Grafana's variables. */
  readonly expression: string;
  /** `{{instance}}` and the like stand for labels. */
  readonly legend: string;
}

export interface DashboardDescription {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly panels: readonly Panel[];
}

const panelHeight = 8;
const gridWidth = 24;
const source = { type: 'prometheus', uid: '${datasource}' };

/** A dashboard as Grafana imports or provisions it (schema version 39, Grafana 11). */
export function dashboardJson({ uid, title, description, panels }: DashboardDescription): string {
  let x = 0;
  let y = 0;
  const placed = panels.map((panel, index) => {
    if (x + panel.width > gridWidth) [x, y] = [0, y + panelHeight];
    const gridPos = { x, y, w: panel.width, h: panelHeight };
    x += panel.width;
    return panelJson(panel, index + 1, gridPos);
  });
  const dashboard = {
    uid,
    title,
    description,
    tags: ['tenfold'],
    schemaVersion: 39,
    editable: true,
    refresh: '5s',
    time: { from: 'now-30m', to: 'now' },
    templating: {
      list: [
        dataSourceVariable,
        labelVariable('stack', 'label_values(tenfold_service_replicas_desired, stack)'),
        labelVariable('service', 'label_values(tenfold_service_replicas_desired{stack=~"$stack"}, service)'),
      ],
    },
    panels: placed,
  };
  return `${JSON.stringify(dashboard, undefined, 2)}\n`;
}

function panelJson(panel: Panel, id: number, gridPos: object): object {
  const { title, description, unit, queries, isStacked = false } = panel;
  return {
    id,
    type: 'timeseries',
    title,
    ...(description !== undefined && { description }),
    datasource: source,
    gridPos,
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        custom: { fillOpacity: isStacked ? 30 : 5, stacking: { mode: isStacked ? 'normal' : 'none' } },
      },
      overrides: [],
    },
    options: {
      legend: { displayMode: 'table', placement: 'bottom', calcs: ['lastNotNull', 'max'] },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
    targets: queries.map(({ expression, legend }, index) => ({
      refId: String.fromCodePoint(65 + index),
      datasource: source,
      expr: expression,
      legendFormat: legend,
      range: true,
    })),
  };
}

const dataSourceVariable = {
  name: 'datasource',
  label: 'Data source',
  type: 'datasource',
  query: 'prometheus',
};

function labelVariable(name: string, query: string): object {
  return {
    name,
    label: `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`,
    type: 'query',
    datasource: source,
    query: { query, refId: name },
    includeAll: true,
    multi: true,
    refresh: 2,
    sort: 1,
    current: { text: 'All', value: '$__all' },
  };
}
