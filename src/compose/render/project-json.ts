import type { Project } from '../project.ts';
import type { Tree } from '../tree.ts';

/** The whole project in docker compose's JSON form: what `config --format json` prints. */
export function projectJson(project: Project): Record<string, unknown> {
  const json: Record<string, unknown> = { name: project.name, services: project.services };
  for (const section of ['networks', 'volumes', 'secrets', 'configs'] as const) {
    if (Object.keys(project[section]).length > 0) json[section] = project[section];
  }
  const extensions: Readonly<Record<string, Tree>> = project.extensions;
  return { ...json, ...extensions };
}
