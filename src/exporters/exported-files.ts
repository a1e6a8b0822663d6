import { dashboards } from './grafana/dashboards.ts';
import { dashboardJson } from './grafana/panel.ts';
import { scrapeConfig } from './prometheus/scrape-config.ts';

export type ExportTarget = 'prometheus' | 'grafana';

export interface ExportedFile {
  readonly name: string;
  readonly text: string;
}

/** The files that make another program show our metrics. `adminAddress` is where the metrics are: `127.0.0.1:9910`. */
export function exportedFiles(target: ExportTarget, adminAddress: string): readonly ExportedFile[] {
  switch (target) {
    case 'prometheus':
      return [{ name: 'prometheus.yml', text: scrapeConfig(adminAddress) }];
    case 'grafana':
      return dashboards.map((dashboard) => ({
        name: `${dashboard.uid}.json`,
        text: dashboardJson(dashboard),
      }));
  }
}
