import type { ServiceConfig } from '../project.ts';
import type { Say } from './check-consistency.ts';

/** Judges amounts that a service may state twice, in the older and in the newer place. */
export function checkLimits(name: string, service: ServiceConfig, say: Say): void {
  const { scale, deploy } = service;
  const replicas = deploy?.replicas;
  const { limits, reservations } = deploy?.resources ?? {};
  if (scale !== undefined && replicas !== undefined && scale !== replicas) {
    const details = { got: `${scale} and ${replicas}` };
    say(['scale'], `services.${name}: can't set distinct values on 'scale' and 'deploy.replicas'`, details);
  }
  if (scale !== undefined && scale < 0) {
    say(['scale'], `services.${name}.scale: must be greater than or equal to 0`, { got: String(scale) });
  }
  if (replicas !== undefined && replicas < 0) {
    const message = `services.${name}.deploy.replicas: must be greater than or equal to 0`;
    say(['deploy', 'replicas'], message, { got: String(replicas) });
  }
  type Amount = string | number | undefined;
  const pairs: readonly [string, Amount, string, object | undefined, Amount][] = [
    ['cpus', service.cpus, 'limits.cpus', limits, limits?.cpus],
    ['mem_limit', service.mem_limit, 'limits.memory', limits, limits?.memory],
    ['mem_reservation', service.mem_reservation, 'reservations.memory', reservations, reservations?.memory],
    ['pids_limit', service.pids_limit, 'limits.pids', limits, limits?.pids],
  ];
  for (const [key, older, place, holder, newer] of pairs) {
    if (older === undefined || holder === undefined || older === newer) continue;
    say([key], `services.${name}: can't set distinct values on '${key}' and 'deploy.resources.${place}'`, {
      got: `${older} and ${newer ?? 'nothing'}`,
    });
  }
  const count = scale ?? replicas ?? 1;
  if (count > 1 && service.container_name !== undefined) {
    const attribute = scale === undefined ? 'deploy.replicas' : 'scale';
    const message = `services.${name}: can't set container_name and ${attribute} as container name must be unique`;
    say(['container_name'], message, { got: `${count} replicas`, hint: 'leave container_name out' });
  }
}
