import type { LoadOptions } from '../compose/load-options.ts';
import type { Project } from '../compose/project.ts';
import type { Stack } from '../model/stack.ts';
import { copyError, TenfoldError } from '../shared/errors.ts';
import { hostEnvironment } from './host-environment.ts';
import type { Invocation } from './invocation.ts';

export interface LoadedStack {
  readonly stack: Stack;
  readonly warnings: readonly string[];
  /** Gives an error that names a place in the stack by its path alone the file, line and column of it. */
  readonly locate: (error: TenfoldError) => TenfoldError;
}

const projectNameShape = /^[a-z0-9][a-z0-9_-]*$/;

/** The stack's name alone: from `-p` or COMPOSE_PROJECT_NAME when given, else the compose files decide. */
export async function stackName(invocation: Invocation): Promise<string> {
  const { globals, surroundings } = invocation;
  const given = globals.projectName ?? surroundings.environment['COMPOSE_PROJECT_NAME'];
  if (given !== undefined && given !== '') return requireProjectName(given);
  return (await loadComposeProject(invocation)).name;
}

/** The project that the compose files describe. Throws with every fault that was found in them. */
export async function loadComposeProject(
  { globals, surroundings }: Invocation,
  options: Partial<LoadOptions> = {},
): Promise<Project> {
  // The loader is the larger half of the program, and most commands do without it.
  const { loadProject } = await import('../compose/load-project.ts');
  const { projectName, projectDirectory } = globals;
  return loadProject({
    files: globals.files,
    profiles: globals.profiles,
    envFiles: globals.envFiles,
    environment: surroundings.environment,
    workingDir: surroundings.workingDir,
    ...(projectName === undefined ? {} : { projectName }),
    ...(projectDirectory === undefined ? {} : { projectDirectory }),
    ...options,
  });
}

/** The stack that the compose files describe, with what its local processes need of the caller's environment. */
export async function loadStack(invocation: Invocation): Promise<LoadedStack> {
  return stackOf(invocation, await loadComposeProject(invocation));
}

/** What `up` makes of the project. Throws with the faults that only show there: keys that contradict each other. */
export async function stackOf({ surroundings }: Invocation, project: Project): Promise<LoadedStack> {
  const { resolveStack } = await import('../compose/resolve-stack.ts');
  const resolved = resolveStack(project, hostEnvironment(surroundings.environment));
  return { ...resolved, locate: (error) => locateError(error, project) };
}

/** The daemon knows a stack, not its text: it says `services.web.ports`, and the line is found here. */
function locateError(error: TenfoldError, project: Project): TenfoldError {
  const { where } = error;
  if (where?.path === undefined || where.line !== undefined) return error;
  for (const name of Object.keys(project.services)) {
    const prefix = `services.${name}.`;
    if (!where.path.startsWith(prefix)) continue;
    const location = project.locate('services', name, ...where.path.slice(prefix.length).split('.'));
    if (location.line !== undefined) return copyError(error, { where: location });
  }
  return error;
}

function requireProjectName(name: string): string {
  if (projectNameShape.test(name)) return name;
  throw new TenfoldError('usage', `\`${name}\` cannot be the name of a stack`, {
    expected: 'lower case letters, digits, `-` and `_`, beginning with a letter or digit',
    got: `\`${name}\``,
  });
}
