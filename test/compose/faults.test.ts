import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { nearestName } from '../../src/compose/nearest-name.ts';
import { folderWith, loadFolder, loadText, refusals } from './helpers/load-text.ts';

/** `line:column message` of every error. */
async function faultsOf(text: string): Promise<string[]> {
  const errors = await refusals(loadText(text));
  return errors.map(({ where, message }) => `${where?.line}:${where?.column} ${message}`);
}

describe('a file that is wrong', () => {
  test('is refused for everything in it at once, each with line, column, expected, got and a hint', async () => {
    const errors = await refusals(
      loadText(`services:
  web:
    image: 5
    healtcheck: {test: x}
    ports: [80, true]
  db:
    image: a
    deploy: {replicas: [1]}
netwroks: {}
`),
    );
    assert.deepEqual(
      errors.map(({ where, expected, got, hint }) => [
        where?.path,
        `${where?.line}:${where?.column}`,
        expected,
        got,
        hint,
      ]),
      [
        ['services.web.image', '3:5', 'a string', '5', undefined],
        ['services.web.healtcheck', '4:5', undefined, undefined, 'did you mean `healthcheck`?'],
        ['services.web.ports[1]', '5:17', 'a mapping, number or string', 'true', undefined],
        ['services.db.deploy.replicas', '8:14', 'an integer or string', 'a list', undefined],
        ['netwroks', '9:1', undefined, undefined, 'did you mean `networks`?'],
      ],
    );
  });

  test('is refused for every syntax error at once', async () => {
    const faults = await faultsOf('services:\n  a: "x\n  b: y"z\n\tc: d\n');
    assert.ok(faults.length > 1, faults.join('\n'));
  });

  test('is refused for every fault between services at once', async () => {
    assert.deepEqual(
      await faultsOf(`services:
  web:
    image: a
    depends_on: [bd]
    networks: [front]
    volumes: [dat:/data]
    secrets: [token]
  db: {container_name: one, image: a, scale: 2}
volumes: {data: {}}
`),
      [
        "8:8 services.db: can't set container_name and scale as container name must be unique",
        '5:16 service "web" refers to undefined network front',
        '4:18 service "web" depends on undefined service "bd"',
        '6:15 service "web" refers to undefined volume dat',
        '7:15 service "web" refers to undefined secret token',
      ],
    );
  });

  test('is refused for unknown keys and for what is wrong between services together', async () => {
    assert.deepEqual(
      await faultsOf(`services:
  web:
    comand: node
    stop_grace_period: 1s
  api: {image: a, networks: [nowhere]}
  a: {image: a, depends_on: [b], stop_grace_period: soon}
  b: {image: b, depends_on: [a]}
`),
      [
        "3:5 services.web: additional property 'comand' is not allowed",
        '6:34 services.a.stop_grace_period: invalid duration "soon"',
        '5:30 service "api" refers to undefined network nowhere',
        '7:30 dependency cycle detected: a -> b -> a',
      ],
    );
  });

  test('is refused for a circle of dependencies, with a code of its own', async () => {
    const [error] = await refusals(
      loadText(
        'services:\n  a: {image: a, depends_on: [b]}\n  b: {image: a, depends_on: [c]}\n  c: {image: a, depends_on: [a]}\n',
      ),
    );
    assert.equal(error?.code, 'dependency-cycle');
    assert.equal(error.message, 'dependency cycle detected: a -> b -> c -> a');
    assert.equal(error.where?.line, 4);
  });

  test('is refused for keys twice and keys that are no text, with the line of the first', async () => {
    assert.deepEqual(await faultsOf('services:\n  a:\n    image: b\n    image: c\n    5: d\n'), [
      '4:5 mapping key "image" already defined at line 3',
      '5:5 non-string key in services.a: 5',
    ]);
  });

  test('is refused for durations and sizes that are none', async () => {
    assert.deepEqual(
      await faultsOf('services:\n  a:\n    image: b\n    mem_limit: 1zb\n    stop_grace_period: 5\n'),
      ['5:5 services.a.stop_grace_period must be a string'],
    );
    assert.deepEqual(
      await faultsOf('services:\n  a:\n    image: b\n    mem_limit: 1zb\n    stop_grace_period: 5x\n'),
      [
        "4:5 services.a.mem_limit: invalid suffix: 'zb'",
        '5:5 services.a.stop_grace_period: invalid duration "5x"',
      ],
    );
  });

  test('is refused for variables that are missing, each of them', async () => {
    assert.deepEqual(await faultsOf('services:\n  a:\n    image: ${A:?why}\n    user: ${\n'), [
      '3:5 error while interpolating services.a.image: required variable A is missing a value: why',
      '4:5 invalid interpolation format for services.a.user',
    ]);
  });

  test('is refused for variables and for everything else together', async () => {
    assert.deepEqual(
      await faultsOf('services:\n  a:\n    imge: b\n    scale: ${N:-many}\n    image: ${A:?why}\n'),
      [
        '4:5 error while interpolating services.a.scale: failed to cast to expected type: invalid integer "many"',
        '5:5 error while interpolating services.a.image: required variable A is missing a value: why',
        "3:5 services.a: additional property 'imge' is not allowed",
      ],
    );
  });

  test('is blamed where the fault stands, whichever file that is', async () => {
    const folder = folderWith({
      'compose.yaml': 'services:\n  web:\n    image: a\n',
      'compose.override.yaml': '# c\nservices:\n  web:\n    por: [80]\n',
    });
    const [error] = await refusals(loadFolder(folder));
    assert.match(error?.where?.file ?? '', /override\.yaml$/);
    assert.equal(error?.where?.line, 4);
  });

  test('is blamed at the item of a list, in the file that the item comes from', async () => {
    const folder = folderWith({
      'compose.yaml': 'services:\n  web:\n    image: a\n    volumes:\n      - data:/a\n      - dat:/b\n',
      'compose.override.yaml':
        'services:\n  web:\n    volumes:\n      - data:/c\n      - dta:/d\nvolumes: {data: {}}\n',
    });
    const errors = await refusals(loadFolder(folder));
    assert.deepEqual(
      errors.map(({ where, hint }) => [where?.file.replace(/.*\//, ''), where?.line, hint]),
      [
        ['compose.yaml', 6, 'did you mean `data`?'],
        ['compose.override.yaml', 5, 'did you mean `data`?'],
      ],
    );
  });

  test('is blamed at the anchor that brought the fault', async () => {
    const [error] = await refusals(
      loadText('x-a: &a\n  imge: b\nservices:\n  web:\n    <<: *a\n    command: c\n'),
    );
    assert.equal(error?.where?.line, 2);
    assert.equal(error.hint, 'did you mean `image`?');
  });

  test('has its hundred first faults listed and the others counted', async () => {
    const keys = Array.from({ length: 150 }, (_, index) => `    key${index}: x\n`).join('');
    await assert.rejects(
      loadText(`services:\n  a:\n    image: b\n${keys}`),
      (error: { message: string; errors: unknown[] }) => {
        assert.match(error.message, /^150 errors in -, of which these are the first 100$/);
        return error.errors.length === 100;
      },
    );
  });

  test('is refused for anything in x-tenfold that it does not know', async () => {
    assert.deepEqual(
      await faultsOf(
        'services:\n  a:\n    image: b\n    x-tenfold:\n      algoritm: x\n      retries: -1\n      publish: both\n      health: {path: x}\n',
      ),
      [
        "5:7 services.a.x-tenfold: additional property 'algoritm' is not allowed",
        '6:7 services.a.x-tenfold.retries must be greater than or equal to 0',
        "7:7 services.a.x-tenfold.publish value must be one of 'balanced', 'direct'",
        "8:16 services.a.x-tenfold.health.path does not match pattern '^\\/'",
      ],
    );
    assert.deepEqual(await faultsOf('services: {a: {image: b}}\nx-tenfold: {slow_start: soon}\n'), [
      '2:13 x-tenfold.slow_start: invalid duration "soon"',
    ]);
  });
});

test('the nearest name is one that is near', () => {
  const names = ['healthcheck', 'hostname', 'image', 'init'];
  assert.equal(nearestName('healtcheck', names), 'healthcheck');
  assert.equal(nearestName('imgae', names), 'image');
  assert.equal(nearestName('Host-Name', names), 'hostname');
  assert.equal(nearestName('banana', names), undefined);
});
