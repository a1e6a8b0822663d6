import * as fc from 'fast-check';

const word = fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/);
const text = fc.oneof(
  word,
  fc.constantFrom(
    'yes',
    'no',
    'on',
    'null',
    '~',
    '0777',
    '1e3',
    '1_000',
    '0x1f',
    ': ',
    '- a',
    '#c',
    '"',
    "'",
    ' padded ',
    'a\nb',
    '$$',
    '',
    'é',
    '<<',
    '0b11',
    '12:30',
  ),
  fc.string({ maxLength: 8 }).map((raw) => raw.replaceAll(/[\p{Cc}\p{Cs}]/gu, '').replaceAll('$', '$$$$')),
);
const port = fc.integer({ min: 1, max: 65_535 });
const duration = fc.integer({ min: 0, max: 100_000 }).map((ms) => `${ms}ms`);
const size = fc.integer({ min: 1, max: 4_096 }).map((count) => `${count}M`);
const mapping = fc.oneof(
  fc.dictionary(word, fc.oneof(text, fc.integer(), fc.boolean(), fc.constant(null)), { maxKeys: 3 }),
  fc.uniqueArray(
    fc.tuple(word, text).map(([key, value]) => `${key}=${value}`),
    { maxLength: 3 },
  ),
);

const service = fc.record(
  {
    image: word,
    command: fc.oneof(fc.array(text, { maxLength: 3 }), word, fc.constant(null)),
    entrypoint: fc.array(text, { maxLength: 2 }),
    environment: mapping,
    labels: mapping,
    annotations: mapping,
    ports: fc.uniqueArray(
      fc.oneof(
        port.map(String),
        fc.tuple(port, port).map(([host, target]) => `${host}:${target}`),
        fc.tuple(port, port).map(([host, target]) => `127.0.0.1:${host}:${target}/udp`),
      ),
      { maxLength: 3 },
    ),
    expose: fc.uniqueArray(port, { maxLength: 2 }),
    volumes: fc.uniqueArray(
      fc.oneof(
        word.map((name) => `${name}:/${name}`),
        word.map((name) => `./${name}:/b/${name}:ro`),
        word.map((name) => `/${name}`),
      ),
      { maxLength: 3 },
    ),
    tmpfs: fc.uniqueArray(
      word.map((name) => `/t/${name}`),
      { maxLength: 2 },
    ),
    depends_on: fc.uniqueArray(word, { maxLength: 2 }),
    networks: fc.uniqueArray(word, { maxLength: 2 }),
    healthcheck: fc.record({
      test: fc.oneof(text, fc.constant(['CMD', 'x'])),
      interval: duration,
      retries: fc.nat(9),
    }),
    deploy: fc.record(
      {
        replicas: fc.nat(9),
        resources: fc.record({
          limits: fc.record({ cpus: fc.constantFrom('0.5', '1', '0.33'), memory: size }),
        }),
        update_config: fc.record({
          parallelism: fc.nat(3),
          delay: duration,
          order: fc.constantFrom('start-first', 'stop-first'),
        }),
        restart_policy: fc.record({
          condition: fc.constantFrom('any', 'none'),
          max_attempts: fc.nat(3),
          window: duration,
        }),
      },
      { requiredKeys: [] },
    ),
    restart: fc.constantFrom('no', 'always', 'on-failure:3'),
    stop_grace_period: duration,
    mem_limit: size,
    init: fc.boolean(),
    read_only: fc.boolean(),
    user: text,
    extra_hosts: fc.uniqueArray(
      word.map((name) => `${name}=10.0.0.1`),
      { maxLength: 2 },
    ),
    ulimits: fc.record(
      {
        nofile: fc.integer({ min: 1, max: 1_000 }),
        nproc: fc.record({ soft: fc.integer({ min: 1, max: 9 }), hard: fc.integer({ min: 1, max: 9 }) }),
      },
      { requiredKeys: [] },
    ),
    build: fc.oneof(
      word,
      fc.record({ context: fc.constant('.'), args: mapping, target: word }, { requiredKeys: ['context'] }),
    ),
    profiles: fc.constant([]),
    'x-note': fc.oneof(text, fc.dictionary(word, text, { maxKeys: 2 })),
    'x-tenfold': fc.record({ algorithm: fc.constantFrom('least_conn', 'round_robin'), slow_start: duration }),
    pre_stop: fc.array(fc.record({ command: fc.array(text, { minLength: 1, maxLength: 2 }), user: word }), {
      maxLength: 2,
    }),
    secrets: fc.uniqueArray(word, { maxLength: 2 }),
  },
  { requiredKeys: ['image'] },
);

/** A compose file that is valid, in a mixture of short and long syntaxes. */
export const validModel = fc.record(
  {
    services: fc.dictionary(word, service, { minKeys: 1, maxKeys: 3 }),
    volumes: fc.dictionary(word, fc.oneof(fc.constant(null), fc.record({ labels: mapping })), { maxKeys: 2 }),
    networks: fc.dictionary(
      word,
      fc.oneof(fc.constant(null), fc.record({ internal: fc.boolean(), driver: word })),
      { maxKeys: 2 },
    ),
    secrets: fc.dictionary(word, fc.record({ file: word.map((name) => `./${name}`) }), { maxKeys: 2 }),
    'x-other': text,
  },
  { requiredKeys: ['services'] },
);
