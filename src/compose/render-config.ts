import { serviceHash } from './config-hash.ts';
import { TenfoldError } from '../shared/errors.ts';
import { didYouMean } from './nearest-name.ts';
import type { Project } from './project.ts';
import { withDefaultPlatform } from './project/default-platform.ts';
import { projectJson } from './render/project-json.ts';
import { plainModel, projectYaml } from './render/project-yaml.ts';
import { writeYaml } from './render/write-yaml.ts';
import { extractVariables } from './render/variables.ts';
import { mapAt } from './tree.ts';

/** What of a project is printed; each but `model` is one line per entry. */
export type ConfigView =
  | 'model'
  | 'services'
  | 'images'
  | 'volumes'
  | 'networks'
  | 'models'
  | 'profiles'
  | 'environment'
  | 'variables';

export interface RenderOptions {
  readonly view: ConfigView;
  readonly format: 'yaml' | 'json';
  /** False: the project was loaded with variables left as they are. */
  readonly isInterpolated: boolean;
}

/** What `tenfold config` prints of a project, ending with a line break unless it is empty. */
export function renderConfig(project: Project, { view, format, isInterpolated }: RenderOptions): string {
  const services = Object.entries(project.services);
  switch (view) {
    case 'model':
      return isInterpolated ? renderProject(project, format) : renderPlain(project, format);
    case 'services':
      return lines(
        isInterpolated ? Object.keys(project.services) : Object.keys(mapAt(project.tree, 'services') ?? {}),
      );
    case 'images':
      return lines(
        services.flatMap(([name, { image, build }]) => {
          // What is built has a name of docker compose's own; a local process has no image.
          if (image !== undefined) return [image];
          return build === undefined ? [] : [`${project.name}-${name}`];
        }),
      );
    case 'volumes':
      return lines(Object.keys(project.volumes));
    case 'networks':
      return lines(Object.keys(project.networks));
    case 'models':
      return lines(
        Object.values(project.models).flatMap(({ model }) => (model === undefined ? [] : [model])),
      );
    case 'profiles': {
      const all = [...services, ...Object.entries(project.disabledServices)];
      return lines(new Set(all.flatMap(([, { profiles = [] }]) => profiles)));
    }
    case 'environment':
      return lines(Object.entries(project.environment).map(([key, value]) => `${key}=${value}`));
    case 'variables':
      return renderVariables(project, format);
  }
}

/** `SERVICE HASH` lines: of all services for `*`, else of those named, with commas. Throws `unknown-service`. */
export function renderHashes(project: Project, names: string): string {
  const wanted = names === '*' ? Object.keys(project.services) : names.split(',');
  return lines(
    wanted.map((name) => {
      const service = project.services[name];
      if (service === undefined) {
        throw new TenfoldError('unknown-service', `no such service: ${name}`, {
          expected: `one of ${Object.keys(project.services).join(', ')}`,
          got: name,
          ...didYouMean(name, Object.keys(project.services)),
        });
      }
      return `${name} ${serviceHash(withDefaultPlatform(service, project.environment))}`;
    }),
  );
}

function lines(entries: Iterable<string>): string {
  return [...entries]
    .sort()
    .map((entry) => `${entry}\n`)
    .join('');
}

function renderProject(project: Project, format: 'yaml' | 'json'): string {
  const text = format === 'json' ? indentedJson(projectJson(project)) : projectYaml(project);
  // What is printed is a compose file again, in which a dollar would begin a variable.
  return text.replaceAll('$', '$$$$');
}

function renderPlain(project: Project, format: 'yaml' | 'json'): string {
  const model = plainModel(project.tree);
  return format === 'json' ? indentedJson(model) : writeYaml(model);
}

function indentedJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function renderVariables(project: Project, format: 'yaml' | 'json'): string {
  const variables = extractVariables(project.tree);
  if (format === 'json') {
    const byName = variables.map(({ name, defaultValue, presenceValue, isRequired }) => [
      name,
      { Name: name, DefaultValue: defaultValue, PresenceValue: presenceValue, Required: isRequired },
    ]);
    return indentedJson(Object.fromEntries(byName));
  }
  const rows = [
    ['NAME', 'REQUIRED', 'DEFAULT VALUE', 'ALTERNATE VALUE'],
    ...variables.map(({ name, isRequired, defaultValue, presenceValue }) => [
      name,
      String(isRequired),
      defaultValue,
      presenceValue,
    ]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)) + 3);
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('')
          .trimEnd()}\n`,
    )
    .join('');
}
