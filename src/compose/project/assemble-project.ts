import { TenfoldError } from '../../shared/errors.ts';
import { loadModel } from '../combine/load-model.ts';
import type { ConfigFile, LoadSession, Phases } from '../combine/session.ts';
import { substitute, TemplateError } from '../interpolate/template.ts';
import { normalize } from '../normalize/normalize.ts';
import { pathOf } from '../path.ts';
import type { Project } from '../project.ts';
import { isMap, newMap, textAt } from '../tree.ts';
import { checkConsistency } from '../validate/check-consistency.ts';
import { bindProject, type BoundProject } from './bind-project.ts';
import { normalizeName } from './project-name.ts';
import { pruneResources } from './prune-resources.ts';
import { resolveServices } from './resolve-services.ts';
import { enableProfilesOf, selectByName, selectByProfile, type Selection } from './select-services.ts';

/** Which phases run after the model is merged, besides those that run for each file. */
export interface ProjectPhases extends Phases {
  readonly normalizes: boolean;
  /** Make typed services of the model; impossible while variables are not filled in. */
  readonly binds: boolean;
  readonly checksConsistency: boolean;
  readonly resolvesEnvironment: boolean;
  readonly discardsEnvFiles: boolean;
  readonly prunesResources?: boolean;
}

export interface ProjectSource {
  readonly files: readonly ConfigFile[];
  readonly workingDir: string;
  /** Gets `COMPOSE_PROJECT_NAME`. */
  readonly environment: Map<string, string>;
  /** The name, unless it is not fixed and a file has one. */
  readonly name: string;
  readonly isNameFixed: boolean;
  readonly profiles: readonly string[];
  readonly selectedServices: readonly string[];
  readonly phases: ProjectPhases;
}

/** Runs every phase on files that were found, and gives the project. Throws all that is wrong with them, together. */
export function assembleProject(source: ProjectSource, session: LoadSession): Project {
  try {
    const project = runPhases(source, session);
    session.throwDeferred();
    return project;
  } catch (thrown) {
    throw session.withDeferred(thrown);
  }
}

function runPhases(source: ProjectSource, session: LoadSession): Project {
  const { phases, environment, workingDir } = source;
  const files = source.files.map((file) => session.read(file));
  const name = projectName({ ...source, files }, session);
  environment.set('COMPOSE_PROJECT_NAME', name);
  const tree = loadModel(files, {
    session,
    phases,
    environment,
    baseDir: workingDir,
    pathDir: workingDir,
    includedFrom: [],
  });
  const where = { file: source.files[0]?.filename ?? '' };
  if (Object.keys(tree).length === 0)
    throw new TenfoldError('invalid-compose', 'empty compose file', { where });
  if (phases.validates && name === '') {
    throw new TenfoldError('invalid-compose', 'project name must not be empty', {
      where,
      hint: 'give one with -p, with `name:` at the top of the file, or as COMPOSE_PROJECT_NAME',
    });
  }
  if (phases.normalizes) {
    tree['name'] = name;
    normalize(tree, (key) => environment.get(key));
  }
  const bound = phases.binds ? session.collect((report) => bindProject(tree, report)) : unbound;
  const selection = select(bound, source, session);
  const services = resolveServices(selection.services, tree, environment, phases, (...keys) =>
    session.locate(pathOf(...keys)),
  );
  return {
    name,
    workingDir,
    configFiles: source.files.map(({ filename }) => filename),
    environment: Object.fromEntries(environment),
    ...bound,
    ...selection,
    services,
    ...(phases.prunesResources && pruneResources(bound, services)),
    warnings: session.warnings,
    tree,
    locate: (...keys) => session.locate(pathOf(...keys)),
  };
}

const unbound: BoundProject = {
  services: {},
  networks: {},
  volumes: {},
  secrets: {},
  configs: {},
  models: {},
  secretValues: {},
  configValues: {},
  extensions: newMap(),
  tenfold: { defaults: {}, services: {}, ports: {} },
};

/** Profiles first, then consistency among what is active, then the services asked for by name. */
function select(bound: BoundProject, source: ProjectSource, session: LoadSession): Selection {
  const { profiles, selectedServices, phases } = source;
  const active = selectByProfile(bound.services, profiles);
  if (!phases.binds) return active;
  if (phases.checksConsistency) {
    session.run((report) => checkConsistency({ ...bound, ...active }, report));
  }
  if (selectedServices.length === 0) return active;
  return selectByName(enableProfilesOf(active, selectedServices), selectedServices);
}

function projectName(source: ProjectSource, session: LoadSession): string {
  if (source.isNameFixed) return source.name;
  let name = '';
  for (const file of source.files) name = nameIn(file) || name;
  if (source.phases.interpolates) {
    try {
      name = substitute(name, (key) => source.environment.get(key));
    } catch (thrown) {
      if (!(thrown instanceof TemplateError)) throw thrown;
      const where = session.locate(pathOf('name'));
      throw new TenfoldError('invalid-compose', `error while interpolating name: ${thrown.message}`, {
        where,
      });
    }
  }
  if (source.phases.normalizes) name = normalizeName(name);
  return name === '' ? source.name : name;
}

/** The `name:` that a file gives to its project, as written. */
function nameIn(file: ConfigFile): string {
  if (file.model !== undefined) return textAt(file.model, 'name') ?? '';
  let name = '';
  for (const { tree } of file.documents ?? []) name = (isMap(tree) && textAt(tree, 'name')) || name;
  return name;
}
