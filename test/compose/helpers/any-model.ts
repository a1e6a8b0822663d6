import * as fc from 'fast-check';
import type { Tree, TreeMap } from '../../../src/compose/tree.ts';

const scalar: fc.Arbitrary<Tree> = fc.oneof(
  fc.constantFrom<Tree>(
    null,
    true,
    false,
    0,
    1,
    80,
    -1,
    1.5,
    '',
    'a',
    'A=1',
    '80:80',
    './a:/b',
    '10s',
    '64M',
    '${X}',
    '$',
    'x-y',
  ),
  fc.string({ maxLength: 6 }),
);

const name = fc.constantFrom('a', 'b', 'default', 'x-a', '__proto__', 'constructor', 'A.b');

const anyValue: fc.Arbitrary<Tree> = fc.letrec<{ value: Tree }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(
      fc.oneof(name, fc.constantFrom('type', 'source', 'target', 'path', 'driver', 'subnet')),
      tie('value'),
      {
        maxKeys: 3,
      },
    ),
  ),
})).value;

const serviceKeys = fc.constantFrom(
  'image',
  'build',
  'command',
  'ports',
  'volumes',
  'environment',
  'labels',
  'depends_on',
  'networks',
  'deploy',
  'healthcheck',
  'ulimits',
  'env_file',
  'logging',
  'extra_hosts',
  'secrets',
  'configs',
  'devices',
  'gpus',
  'dns',
  'tmpfs',
  'links',
  'expose',
  'extends',
  'x-tenfold',
  'develop',
  'profiles',
  'models',
  'provider',
  'restart',
  'scale',
  'sysctls',
  'pre_stop',
  'annotations',
  'blkio_config',
  'volumes_from',
  'network_mode',
  'container_name',
);

const service = fc.dictionary(serviceKeys, anyValue, { maxKeys: 6 });

/** Something that looks like a compose file from afar, with anything in it. */
export const anyModel: fc.Arbitrary<TreeMap> = fc.record(
  {
    services: fc.oneof(
      { weight: 9, arbitrary: fc.dictionary(name, fc.oneof(service, anyValue), { maxKeys: 3 }) },
      { weight: 1, arbitrary: anyValue },
    ),
    networks: anyValue,
    volumes: anyValue,
    secrets: anyValue,
    configs: anyValue,
    models: anyValue,
    include: fc.oneof(scalar, fc.constant<Tree>(null)),
    name: scalar,
    'x-tenfold': anyValue,
  },
  { requiredKeys: ['services'] },
);
