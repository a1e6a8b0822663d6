import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { z } from 'zod';
import type { Service } from '../../../model/service.ts';
import type { Stack } from '../../../model/stack.ts';
import { TenfoldError } from '../../../shared/errors.ts';
import { findCommand } from './find-command.ts';
import { resolveUser } from './user.ts';
import type { ProcessUser } from './user.ts';

/** The fields of a Compose service that a local process obeys, in canonical form. */
const configSchema = z.object({
  command: z.array(z.string()).nullish(),
  entrypoint: z.array(z.string()).nullish(),
  environment: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).nullish(),
  working_dir: z.string().nullish(),
  user: z.string().nullish(),
});

/** How a service's program is run, before the variables that differ from replica to replica. */
export interface Launch {
  readonly argv: readonly [string, ...string[]];
  /** Absolute path of the program. */
  readonly file: string;
  readonly workingDir: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Undefined: the user who runs Tenfold. */
  readonly user: ProcessUser | undefined;
}

/**
 * Reads Compose's `entrypoint`, `command`, `environment`, `working_dir` and `user`, and checks that they can be had.
 * Throws `command-not-found`, `file-not-found` (the working directory) or `runtime-failed` (the user).
 */
export async function planLaunch(stack: Stack, service: Service): Promise<Launch> {
  const where = { file: stack.configFiles[0] ?? stack.workingDir, path: `services.${service.name}` };
  const parsed = configSchema.safeParse(service.config);
  if (!parsed.success)
    throw new TenfoldError('invalid-compose', `service ${service.name} cannot be run as a process`, {
      where,
      got: z.prettifyError(parsed.error).replaceAll('\n', ' '),
    });
  const config = parsed.data;

  const [program, ...words] = [...(config.entrypoint ?? []), ...(config.command ?? [])];
  if (program === undefined)
    throw new TenfoldError('command-not-found', `service ${service.name} has no command`, {
      where,
      expected: 'a command, because the service has neither image nor build',
      hint: `add "command:" to services.${service.name}`,
    });

  const workingDir = resolve(stack.workingDir, config.working_dir ?? '.');
  if (!(await isDirectory(workingDir)))
    throw new TenfoldError('file-not-found', `service ${service.name}: its working directory is not there`, {
      where: { ...where, path: `${where.path}.working_dir` },
      expected: `a directory ${workingDir}`,
      hint: 'create it, or correct working_dir (it is relative to the project directory)',
    });

  const user = await resolveUser(config.user ?? undefined, `service ${service.name}`, {
    ...where,
    path: `${where.path}.user`,
  });
  const environment = mergeEnvironment(
    { ...stack.hostEnvironment, ...user?.environment },
    config.environment ?? {},
  );
  const file = await findCommand(program, {
    environment,
    workingDir,
    subject: `service ${service.name}`,
    where: { ...where, path: `${where.path}.command` },
  });
  return { argv: [program, ...words], file, workingDir, environment, user };
}

/** Variables laid over others; null takes one away. */
function mergeEnvironment(
  base: Readonly<Record<string, string>>,
  changes: Readonly<Record<string, string | number | boolean | null>>,
): Record<string, string> {
  const merged = { ...base };
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) delete merged[name];
    else merged[name] = String(value);
  }
  return merged;
}

async function isDirectory(path: string): Promise<boolean> {
  return await stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}
