import type { ServiceConfig } from '../project.ts';
import type { Say } from './check-consistency.ts';

/** Judges that nothing is mounted twice at one place, and that watches know where to copy to. */
export function checkMounts(name: string, service: ServiceConfig, say: Say): void {
  const mounts = new Map<string, string>();
  const add = (target: string, key: string, index: number) => {
    const place = `services.${name}.${key}[${index}]`;
    const earlier = mounts.get(target);
    if (earlier !== undefined) say([key, index], `${place}: target ${target} already mounted as ${earlier}`);
    mounts.set(target, place);
  };
  for (const [index, tmpfs] of (service.tmpfs ?? []).entries())
    add(tmpfs.split(':')[0] ?? tmpfs, 'tmpfs', index);
  for (const [index, volume] of (service.volumes ?? []).entries()) add(volume.target ?? '', 'volumes', index);
  for (const [index, watch] of (service.develop?.watch ?? []).entries()) {
    if (watch.target !== undefined || watch.action === 'rebuild' || watch.action === 'restart') continue;
    const message = `services.${name}.develop.watch: target is required for non-rebuild actions`;
    say(['develop', 'watch', index], message, { expected: 'target' });
  }
}
