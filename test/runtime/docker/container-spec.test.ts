import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { JsonObject } from '../../../src/model/json.ts';
import type { Service } from '../../../src/model/service.ts';
import type { Stack } from '../../../src/model/stack.ts';
import { containerSpec } from '../../../src/runtime/docker/container/container-spec.ts';
import type { Surroundings } from '../../../src/runtime/docker/container/surroundings.ts';
import { serviceOf, stackOf } from '../../contracts/stack-of.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

const plain: Surroundings = {
  apiMinor: 41,
  reach: { kind: 'container' },
  imageId: 'sha256:abc',
  networkMode: undefined,
  ipcMode: undefined,
  pidMode: undefined,
  volumesFrom: [],
  links: [],
};

interface Given {
  readonly service?: Partial<Service>;
  readonly stack?: Partial<Stack>;
  readonly surroundings?: Partial<Surroundings>;
}

function specOf(config: JsonObject, { service: fields, stack: parts, surroundings }: Given = {}) {
  const service = serviceOf('web', { kind: 'container', config: { image: 'app', ...config }, ...fields });
  const stack = { ...stackOf('demo', '/project', [service]), ...parts };
  const spec = { stack, service, index: 2, environment: {} };
  return containerSpec(spec, { ...plain, ...surroundings });
}

function hostConfigOf(config: JsonObject, given?: Given) {
  return specOf(config, given).body.HostConfig;
}

describe('the description of a container', () => {
  test('names the process: command, entrypoint, variables in order, one taken away', () => {
    const { body } = specOf({
      command: ['serve', '--all'],
      entrypoint: [],
      environment: { A: '1', GONE: null, EMPTY: '' },
    });
    assert.deepEqual(body.Cmd, ['serve', '--all']);
    assert.deepEqual(body.Entrypoint, [], 'an empty entrypoint is not the same as none');
    assert.deepEqual(body.Env, ['A=1', 'GONE', 'EMPTY=']);
  });

  test('declares every port and publishes only the direct ones', () => {
    const { body } = specOf(
      {
        ports: [
          { mode: 'ingress', target: 80, published: '8080', protocol: 'tcp' },
          { mode: 'ingress', target: 53, published: '53', protocol: 'udp' },
        ],
        expose: ['3000', '4000-4001', '5353/udp'],
      },
      {
        service: {
          targets: [80, 9000],
          directPorts: [{ hostIp: '127.0.0.1', published: '53', target: 53, protocol: 'udp' }],
        },
      },
    );
    assert.deepEqual(Object.keys(body.ExposedPorts ?? {}), [
      '80/tcp',
      '53/udp',
      '3000/tcp',
      '4000/tcp',
      '4001/tcp',
      '5353/udp',
      '9000/tcp',
    ]);
    assert.deepEqual(body.HostConfig.PortBindings, { '53/udp': [{ HostIp: '127.0.0.1', HostPort: '53' }] });
  });

  test('publishes a port for each target where the balancer cannot reach the container', () => {
    const { PortBindings } = hostConfigOf(
      {},
      {
        service: {
          targets: [80, 81],
          directPorts: [{ hostIp: '', published: '8081', target: 81, protocol: 'tcp' }],
        },
        surroundings: { reach: { kind: 'published', host: '127.0.0.1', bindIp: '127.0.0.1' } },
      },
    );
    assert.deepEqual(PortBindings, {
      '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }],
      '81/tcp': [{ HostIp: '', HostPort: '8081' }],
    });
  });

  describe('on networks', () => {
    const networks = {
      back: { ipv4_address: '10.0.0.5', aliases: ['db'] },
      front: { priority: 100, mac_address: '02:42:ac:11:00:02', gw_priority: 1, interface_name: 'eth7' },
    };

    test('gives an old engine the one of the highest priority, and the others later', () => {
      const { body, laterNetworks } = specOf({ networks });
      assert.equal(body.HostConfig.NetworkMode, 'demo_front');
      assert.deepEqual(Object.keys(body.NetworkingConfig?.EndpointsConfig ?? {}), ['demo_front']);
      assert.deepEqual(laterNetworks, [
        {
          network: 'demo_back',
          endpoint: {
            Aliases: ['demo-web-2', 'tasks.web', 'web', 'db'],
            IPAMConfig: { IPv4Address: '10.0.0.5', IPv6Address: undefined },
          },
        },
      ]);
    });

    test('gives all of them to an engine that takes them at once', () => {
      const { body, laterNetworks } = specOf({ networks }, { surroundings: { apiMinor: 44 } });
      const endpoints = body.NetworkingConfig?.EndpointsConfig ?? {};
      assert.deepEqual(Object.keys(endpoints), ['demo_front', 'demo_back']);
      assert.deepEqual(endpoints['demo_front'], {
        Aliases: ['demo-web-2', 'tasks.web', 'web'],
        MacAddress: '02:42:ac:11:00:02',
        GwPriority: 1,
        DriverOpts: { 'com.docker.network.endpoint.ifname': 'eth7' },
      });
      assert.deepEqual(laterNetworks, []);
    });

    test('uses the names of the file where it gives some', () => {
      const stack = { networks: { default: { name: 'shared', external: true } } };
      assert.equal(hostConfigOf({}, { stack }).NetworkMode, 'shared');
    });

    test('has none of them with a network mode', () => {
      const { body } = specOf({ network_mode: 'host' }, { surroundings: { networkMode: 'host' } });
      assert.equal(body.HostConfig.NetworkMode, 'host');
      assert.deepEqual(body.NetworkingConfig?.EndpointsConfig, {});
    });

    test("puts its ports into a label in another container's network, where the engine takes none", () => {
      const { body } = specOf(
        { expose: ['80'] },
        { surroundings: { networkMode: 'container:abc' }, service: { targets: [81] } },
      );
      assert.equal(body.ExposedPorts, undefined);
      assert.equal(body.Labels?.['tenfold.targets'], '80/tcp,81/tcp');
    });
  });

  test('mounts by the older binds where they say it all, by mounts where they do not', () => {
    const stack = { volumes: { data: {}, named: { name: 'other' } }, secrets: { key: { file: 'key.pem' } } };
    const { Binds, Mounts, Tmpfs } = hostConfigOf(
      {
        volumes: [
          { type: 'bind', source: './src', target: '/src', bind: {} },
          { type: 'bind', source: '/abs', target: '/abs', read_only: true, bind: { selinux: 'z' } },
          { type: 'bind', source: '/must', target: '/must', bind: { create_host_path: false } },
          { type: 'bind', source: '/prop', target: '/prop', bind: { propagation: 'rslave' } },
          { type: 'volume', source: 'data', target: '/data', volume: {} },
          { type: 'volume', source: 'named', target: '/named', volume: { nocopy: true } },
          { type: 'volume', target: '/anonymous' },
          { type: 'tmpfs', target: '/scratch', tmpfs: { size: '1024', mode: 448 } },
        ],
        tmpfs: ['/run', '/tmp:size=1m'],
        secrets: [{ source: 'key' }],
      },
      { stack },
    );
    assert.deepEqual(Binds, ['/project/src:/src:rw', '/abs:/abs:ro,z', 'demo_data:/data:rw']);
    assert.deepEqual(Tmpfs, { '/run': '', '/tmp': 'size=1m' });
    const bind = { Type: 'bind', ReadOnly: false };
    assert.deepEqual(Mounts, [
      { ...bind, Source: '/must', Target: '/must', BindOptions: {} },
      {
        ...bind,
        Source: '/prop',
        Target: '/prop',
        BindOptions: { Propagation: 'rslave', CreateMountpoint: true },
      },
      {
        Type: 'volume',
        Source: 'other',
        Target: '/named',
        ReadOnly: false,
        VolumeOptions: { NoCopy: true, Labels: {} },
      },
      { Type: 'volume', Source: '', Target: '/anonymous', ReadOnly: false },
      {
        Type: 'tmpfs',
        Source: '',
        Target: '/scratch',
        ReadOnly: false,
        TmpfsOptions: { SizeBytes: 1024, Mode: 0o700 },
      },
      { Type: 'bind', Source: '/project/key.pem', Target: '/run/secrets/key', ReadOnly: true },
    ]);
  });

  test('limits under deploy go before the older keys', () => {
    const { Memory, MemoryReservation, NanoCpus, PidsLimit } = hostConfigOf({
      mem_limit: '1',
      cpus: 4,
      pids_limit: 1,
      mem_reservation: '2',
      deploy: { resources: { limits: { cpus: 1.5, memory: '1024', pids: 7 } } },
    });
    assert.deepEqual([Memory, MemoryReservation, NanoCpus, PidsLimit], [1024, 2, 1_500_000_000, 7]);
  });

  test('block I/O, ulimits, devices and graphics cards are in the words of the engine', () => {
    const hostConfig = hostConfigOf({
      blkio_config: {
        weight: 300,
        weight_device: [{ Path: '/dev/sda', Weight: 400 }],
        device_read_bps: [{ Path: '/dev/sda', Rate: '1048576' }],
      },
      ulimits: { nproc: 65535, nofile: { soft: 1, hard: 2 } },
      devices: [
        { source: '/dev/fuse', target: '/dev/fuse', permissions: 'rwm' },
        { source: 'vendor.com/device=gpu0', target: 'vendor.com/device=gpu0', permissions: 'rwm' },
      ],
      gpus: [{ driver: 'nvidia', count: -1 }],
      deploy: {
        resources: {
          reservations: { devices: [{ capabilities: ['tpu'], count: 1, options: { a: 'b' } }] },
        },
      },
    });
    assert.equal(hostConfig.BlkioWeight, 300);
    assert.deepEqual(hostConfig.BlkioWeightDevice, [{ Path: '/dev/sda', Weight: 400 }]);
    assert.deepEqual(hostConfig.BlkioDeviceReadBps, [{ Path: '/dev/sda', Rate: 1_048_576 }]);
    assert.deepEqual(hostConfig.Ulimits, [
      { Name: 'nproc', Soft: 65_535, Hard: 65_535 },
      { Name: 'nofile', Soft: 1, Hard: 2 },
    ]);
    assert.deepEqual(hostConfig.Devices, [
      { PathOnHost: '/dev/fuse', PathInContainer: '/dev/fuse', CgroupPermissions: 'rwm' },
    ]);
    assert.deepEqual(hostConfig.DeviceRequests, [
      { Count: 1, Capabilities: [['tpu']], Options: { a: 'b' } },
      { Driver: 'cdi', DeviceIDs: ['vendor.com/device=gpu0'] },
      { Driver: 'nvidia', Count: -1, Capabilities: [['gpu']] },
    ]);
  });

  const restarts: readonly [JsonObject, string, number][] = [
    [{}, '', 0],
    [{ restart: 'no' }, 'no', 0],
    [{ restart: 'unless-stopped' }, 'unless-stopped', 0],
    [{ restart: 'on-failure:5' }, 'on-failure', 5],
    [{ restart: 'always', deploy: { restart_policy: { condition: 'none' } } }, 'no', 0],
    [{ deploy: { restart_policy: { condition: 'any', max_attempts: 3 } } }, 'always', 0],
    [{ deploy: { restart_policy: { condition: 'on-failure', max_attempts: 3 } } }, 'on-failure', 3],
  ];
  for (const [config, Name, MaximumRetryCount] of restarts) {
    test(`restarts as ${JSON.stringify(config)} says`, () => {
      assert.deepEqual(hostConfigOf(config).RestartPolicy, { Name, MaximumRetryCount });
    });
  }

  test('a health check is in nanoseconds, and can be turned off', () => {
    const check = {
      test: ['CMD', 'true'],
      interval: '1m30s',
      timeout: '1.5s',
      start_period: '500ms',
      start_interval: '2s',
      retries: 3,
    };
    const expected = {
      Test: ['CMD', 'true'],
      Interval: 90e9,
      Timeout: 1.5e9,
      StartPeriod: 0.5e9,
      Retries: 3,
    };
    assert.deepEqual(specOf({ healthcheck: check }).body.Healthcheck, expected);
    const newer = specOf({ healthcheck: check }, { surroundings: { apiMinor: 44 } });
    assert.deepEqual(newer.body.Healthcheck, { ...expected, StartInterval: 2e9 });
    assert.deepEqual(specOf({ healthcheck: { disable: true } }).body.Healthcheck, { Test: ['NONE'] });
  });

  test('a seccomp profile is sent as what is in it; unconfined system paths are unmasked', async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, 'profile.json'), '{ "defaultAction": "SCMP_ACT_ALLOW" }');
    const stack = { workingDir: folder.path };
    const options = ['seccomp=profile.json', 'label=disable', 'systempaths=unconfined'];
    const { SecurityOpt, MaskedPaths, ReadonlyPaths } = hostConfigOf({ security_opt: options }, { stack });
    assert.deepEqual(SecurityOpt, ['seccomp={"defaultAction":"SCMP_ACT_ALLOW"}', 'label=disable']);
    assert.deepEqual([MaskedPaths, ReadonlyPaths], [[], []]);
    assert.throws(() => hostConfigOf({ security_opt: ['seccomp=none.json'] }, { stack }), {
      code: 'file-unreadable',
      where: { file: join(folder.path, 'none.json') },
    });
  });

  test("labels tell docker compose whose it is, over the user's own", () => {
    const { body } = specOf(
      { labels: { mine: 'yes', 'com.docker.compose.service': 'forged' } },
      {
        service: {
          dependsOn: [
            { service: 'db', condition: 'service_healthy', restart: true, required: true },
            { service: 'mq', condition: 'service_started', restart: false, required: false },
          ],
        },
        stack: { configFiles: ['/project/a.yaml', '/project/b.yaml'] },
      },
    );
    assert.equal(body.Labels?.['mine'], 'yes');
    assert.equal(body.Labels?.['com.docker.compose.service'], 'web');
    assert.equal(
      body.Labels?.['com.docker.compose.depends_on'],
      'db:service_healthy:true,mq:service_started:false',
    );
    assert.equal(body.Labels?.['com.docker.compose.project.config_files'], '/project/a.yaml,/project/b.yaml');
  });
});
