import type { ServiceConfig } from '../project.ts';

/** What a local process obeys, or what Tenfold does for it. */
const honoured: ReadonlySet<string> = new Set([
  'annotations',
  'attach',
  'command',
  'container_name',
  'depends_on',
  'deploy',
  'entrypoint',
  'environment',
  'env_file',
  'expose',
  'extends',
  'healthcheck',
  'labels',
  'label_file',
  'networks',
  'ports',
  'post_start',
  'pre_stop',
  'profiles',
  'pull_policy',
  'restart',
  'scale',
  'stop_grace_period',
  'stop_signal',
  'user',
  'working_dir',
] satisfies (keyof ServiceConfig)[]);

/** Says what a service asks for that only a container can have. */
export function processWarnings(name: string, config: ServiceConfig): string[] {
  const ignored = Object.entries(config)
    .filter(([key, value]) => !honoured.has(key) && value !== undefined)
    .map(([key]) => key);
  const { limits, reservations } = config.deploy?.resources ?? {};
  if (limits !== undefined) ignored.push('deploy.resources.limits');
  if (reservations !== undefined) ignored.push('deploy.resources.reservations');
  if (ignored.length === 0) return [];
  return [`service ${name} runs as a local process, which cannot have ${ignored.sort().join(', ')}`];
}
