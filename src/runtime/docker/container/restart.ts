import type { HostRestartPolicy } from 'dockerode';
import type { ComposeService } from '../compose-types.ts';

const engineNames: Readonly<Record<string, string>> = { none: 'no', any: 'always' };

/** The engine's own restarting, from `deploy.restart_policy`, else `restart`. */
export function restartPolicy(config: ComposeService): HostRestartPolicy {
  const deployed = config.deploy?.restart_policy;
  const [plain = '', attempts] = (config.restart ?? '').split(':');
  const condition = deployed ? (deployed.condition ?? 'any') : plain;
  const name = engineNames[condition] ?? condition;
  const count = deployed ? deployed.max_attempts : Number(attempts ?? 0);
  // The engine refuses a count with any other policy.
  return { Name: name, MaximumRetryCount: name === 'on-failure' ? (count ?? 0) : 0 };
}
