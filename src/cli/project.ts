import type { LoadOptions } from '../compose/load-options.ts';
import type { Project } from '../compose/project.ts';
import type { Stack } from '../model/stack.ts';
import { TenfoldError } from '../shared/errors.ts';
import { hostEnvironment } from './host-environment.ts';
import type { Invocation } from './invocation.ts';

export interface LoadedStack {
  readonly stack: Stack;
  readonly warnings: readonly string[];
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
  const [project, { resolveStack }] = await Promise.all([
    loadComposeProject(invocation),
    import('../compose/resolve-stack.ts'),
  ]);
  return resolveStack(project, hostEnvironment(invocation.surroundings.environment));
}

function requireProjectName(name: string): string {
  if (projectNameShape.test(name)) return name;
  throw new TenfoldError('usage', `\`${name}\` cannot be the name of a stack`, {
    expected: 'lower case letters, digits, `-` and `_`, beginning with a letter or digit',
    got: `\`${name}\``,
  });
}
