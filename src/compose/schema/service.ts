import { build } from './build.ts';
import { list, map, object, short } from './collections.ts';
import { command, healthTest, preStartHook, serviceHook, ulimits, watchHook } from './commands.ts';
import { deploy } from './deploy.ts';
import type { BoundOf } from './kind.ts';
import {
  anyOf,
  environment,
  hosts,
  mapping,
  options,
  repeatedOptions,
  textOrAnyList,
  textOrList,
  texts,
  textsOrNumbers,
  widened,
} from './mappings.ts';
import { devices, envFiles, fileMounts, gpus, ports, volumeMounts } from './mounts.ts';
import { always, bytes, choice, decimal, duration, flag, integer, text } from './scalars.ts';
import { xTenfold } from './tenfold/x-tenfold.ts';

const numberOrText = ['number', 'string'] as const;
const path = { ...text(), absent: () => '' };
const throttle = object(
  { path, rate: { ...bytes(['integer', 'string'], undefined, true), absent: () => '0' } },
  { isExtensible: false, jsonNames: { path: 'Path', rate: 'Rate' } },
);
const weight = object(
  { path, weight: { ...integer({ keepsZero: true }), absent: () => 0 } },
  { isExtensible: false, jsonNames: { path: 'Path', weight: 'Weight' } },
);

const blkioConfig = object(
  {
    weight: integer(),
    weight_device: list(weight),
    device_read_bps: list(throttle),
    device_read_iops: list(throttle),
    device_write_bps: list(throttle),
    device_write_iops: list(throttle),
  },
  { isExtensible: false },
);

const watch = object(
  {
    path: text(),
    action: text({ choices: ['rebuild', 'sync', 'restart', 'sync+restart', 'sync+exec'] }),
    target: text(),
    exec: watchHook,
    include: textOrList(),
    ignore: textOrList(),
    initial_sync: flag(['boolean']),
  },
  { required: ['path', 'action'] },
);

const dependency = object(
  {
    condition: text({ choices: ['service_started', 'service_healthy', 'service_completed_successfully'] }),
    restart: flag(),
    required: always(['boolean']),
  },
  { required: ['condition'] },
);

const networkAttachment = object(
  {
    aliases: texts(true),
    driver_opts: options(['string', 'number']),
    gw_priority: integer({ accepts: ['number'] }),
    interface_name: text(),
    ipv4_address: text(),
    ipv6_address: text(),
    link_local_ips: texts(true),
    mac_address: text(),
    priority: integer({ accepts: ['number'] }),
  },
  { isNullable: true },
);

const modelUse = object({ endpoint_var: text(), model_var: text() }, { isNullable: true });

const healthcheck = object({
  test: healthTest(),
  timeout: duration({ keepsZero: true }),
  interval: duration({ keepsZero: true }),
  retries: integer({ accepts: numberOrText, keepsZero: true }),
  start_period: duration({ keepsZero: true }),
  start_interval: duration({ keepsZero: true }),
  disable: flag(),
});

/** Compose `services.*`. The fields stand in the order of docker compose's own model, on which config hashes depend. */
export const service = object({
  profiles: texts(true),
  annotations: mapping(),
  attach: choice(),
  build,
  develop: object({ watch: list(watch) }, { isNullable: true }),
  blkio_config: blkioConfig,
  cap_add: texts(true),
  cap_drop: texts(true),
  cgroup_parent: text(),
  cgroup: text({ choices: ['host', 'private'] }),
  cpu_count: integer({ minimum: 0 }),
  cpu_percent: decimal({ accepts: ['integer', 'string'], minimum: 0, maximum: 100 }),
  cpu_period: integer({ accepts: numberOrText }),
  cpu_quota: integer({ accepts: numberOrText }),
  cpu_rt_period: integer({ accepts: numberOrText }),
  cpu_rt_runtime: integer({ accepts: numberOrText }),
  cpus: decimal(),
  cpuset: text(),
  cpu_shares: integer({ accepts: numberOrText }),
  command: command(),
  configs: fileMounts,
  container_name: text({ pattern: /[a-zA-Z0-9][a-zA-Z0-9_.-]+/ }),
  credential_spec: object({ config: text(), file: text(), registry: text() }),
  depends_on: short(map(dependency), texts(true)),
  deploy,
  device_cgroup_rules: texts(true),
  devices,
  dns: textOrList(),
  dns_opt: texts(true),
  dns_search: textOrList(),
  domainname: text(),
  entrypoint: command(),
  provider: object({ type: text(), options: repeatedOptions() }, { required: ['type'] }),
  environment: environment(),
  env_file: envFiles,
  expose: textsOrNumbers(),
  extends: short(
    object({ file: text(), service: text() }, { required: ['service'], isExtensible: false }),
    anyOf('string'),
  ),
  external_links: texts(true),
  extra_hosts: hosts(),
  group_add: textsOrNumbers(),
  gpus,
  hostname: text(),
  healthcheck,
  image: text(),
  init: choice(),
  ipc: text(),
  isolation: text(),
  labels: mapping(),
  label_file: textOrAnyList(),
  links: texts(true),
  logging: object({ driver: text(), options: options(['string', 'number', 'null']) }),
  mem_limit: bytes(numberOrText),
  mem_reservation: bytes(['string', 'integer']),
  memswap_limit: bytes(numberOrText),
  mem_swappiness: bytes(['integer', 'string']),
  mac_address: text(),
  models: short(map(modelUse, { isClosed: false, isExtensible: true }), texts(true)),
  network_mode: text(),
  networks: short(map(networkAttachment, { isExtensible: true }), texts(true)),
  oom_kill_disable: flag(),
  oom_score_adj: integer({ minimum: -1000, maximum: 1000 }),
  pid: widened(text(), 'string', 'null'),
  pids_limit: integer({ accepts: numberOrText }),
  platform: text(),
  ports,
  privileged: flag(),
  pull_policy: text({
    pattern: /always|never|build|if_not_present|missing|refresh|daily|weekly|every_([0-9]+[wdhms])+/,
  }),
  read_only: flag(),
  restart: text(),
  runtime: text(),
  scale: integer({ keepsZero: true }),
  secrets: fileMounts,
  security_opt: texts(true),
  shm_size: bytes(numberOrText),
  stdin_open: flag(),
  stop_grace_period: duration({ keepsZero: true }),
  stop_signal: text(),
  storage_opt: options(['string', 'number', 'boolean', 'null']),
  sysctls: mapping(),
  tmpfs: textOrList(),
  tty: flag(),
  ulimits: ulimits(),
  use_api_socket: flag(['boolean']),
  user: text(),
  userns_mode: text(),
  uts: text(),
  volumes: volumeMounts,
  volumes_from: texts(true),
  working_dir: text(),
  pre_start: list(preStartHook),
  post_start: list(serviceHook),
  pre_stop: list(serviceHook),
  pull_refresh_after: { ...text(), bind: () => undefined },
  'x-tenfold': { ...xTenfold, bind: () => undefined },
});

export type ServiceConfig = BoundOf<typeof service>;
