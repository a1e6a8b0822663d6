import { z } from 'zod';
import { loadProject } from '../compose/load-project.ts';
import type { Project } from '../compose/project.ts';
import { resolveStack } from '../compose/resolve-stack.ts';
import type { UpRequest } from '../daemon/control-api.ts';
import { streamChange } from '../daemon/control/change-stream.ts';
import type { Call } from '../daemon/control/control-server.ts';
import { readBody } from '../daemon/control/reply.ts';
import { up } from '../daemon/stack/up.ts';
import type { StackRegistry } from '../daemon/stack/stack-registry.ts';
import type { Desired } from '../controller/desired.ts';

const deploySchema = z.object({
  requester: z.object({ user: z.string(), commandLine: z.string() }),
  isDryRun: z.boolean().exactOptional(),
});

/**
 * Reads the files of a stack that runs once more and brings it to what they say now, as `up` in their folder does. The
 * variables are those of `.env` and of the environment that the daemon was started with.
 */
export async function deployFiles(registry: StackRegistry, call: Call): Promise<void> {
  const request = await readBody(call.request, deploySchema);
  await streamChange(registry, call, undefined, async (signal) => {
    const { desired } = registry.get(call.parameters['name'] ?? '').controller;
    return up(registry, { ...request, ...(await readAgain(desired)) }, signal);
  });
}

async function readAgain({ stack, services }: Desired): Promise<Omit<UpRequest, 'requester'>> {
  const project = await loadProject({
    files: stack.configFiles,
    projectName: stack.name,
    projectDirectory: stack.workingDir,
    // Which profiles were active is not known any more, but which services were.
    profiles: ['*'],
    envFiles: [],
    environment: { ...process.env, ...stack.hostEnvironment },
    workingDir: stack.workingDir,
  });
  const wanted = Object.keys(project.services).filter(
    (name) => (services[name]?.phase ?? 'absent') !== 'absent' || isNew(name, project, services),
  );
  return {
    stack: resolveStack(project, stack.hostEnvironment).stack,
    services: wanted,
    scale: {},
    resetScale: false,
    removeOrphans: false,
    forceRecreate: false,
  };
}

/** A service that the stack did not have, and that needs no profile. */
function isNew(name: string, project: Project, services: Desired['services']): boolean {
  return services[name] === undefined && (project.services[name]?.profiles ?? []).length === 0;
}
