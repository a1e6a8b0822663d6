import type { HookRunner } from '../../controller/execute/smoke-tester.ts';
import { hookNames } from '../../rollout/hooks.ts';
import { TenfoldError } from '../../shared/errors.ts';
import { replicaUrls } from './replica-urls.ts';
import { runCommand } from './run-command.ts';

/** Runs a command of `rollout.hooks` on the machine of the daemon. */
export const runHook: HookRunner = async (subject, signal) => {
  const { stack, service, hook, rollout } = subject;
  const { hooks } = service.rollout;
  const command = hooks?.[hook];
  if (hooks === undefined || command === undefined) return;
  const [url] = replicaUrls(subject);
  const environment = {
    ...stack.hostEnvironment,
    TENFOLD_STACK: stack.name,
    TENFOLD_SERVICE: service.name,
    TENFOLD_REVISION: service.revision,
    TENFOLD_PREVIOUS_REVISION: rollout.from,
    TENFOLD_STRATEGY: rollout.strategy,
    ...(url !== undefined && { TENFOLD_URL: url }),
  };
  const { timeoutMs } = hooks;
  const result = await runCommand(command, { folder: stack.workingDir, environment, timeoutMs }, signal);
  if (result.kind === 'passed') return;
  const name = hookNames[hook];
  throw new TenfoldError('replica-failed', `${name} failed: ${result.how}`, {
    where: {
      file: stack.configFiles[0] ?? stack.workingDir,
      path: `services.${service.name}.x-tenfold.rollout.hooks.${name}`,
    },
    details: result.lines,
  });
};
