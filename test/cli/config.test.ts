import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { runInProcess } from './run-in-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'tenfold-config-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const file = join(folder, 'compose.yaml');
writeFileSync(
  file,
  `name: demo
services:
  web:
    image: nginx:\${TAG:-latest}
    ports: ["8080:80"]
    depends_on: [db]
    environment: {PRICE: "5$$"}
  db:
    build: .
    volumes: [data:/data]
  tools:
    image: busybox
    profiles: [debug]
volumes: {data: {}, unused: {}}
`,
);

async function config(...words: string[]): Promise<string> {
  const { stdout, stderr, exitCode } = await runInProcess(['-f', file, 'config', ...words], {});
  assert.equal(exitCode, 0, stderr);
  return stdout;
}

describe('tenfold config', () => {
  test('prints the model as a compose file, with dollars doubled', async () => {
    const text = await config();
    assert.match(text, /^name: demo\nservices:\n {2}db:\n/);
    assert.match(text, /image: nginx:latest/);
    assert.match(text, /PRICE: 5\$\$/);
    assert.doesNotMatch(text, /unused|tools/);
  });

  test('prints JSON with --format json', async () => {
    const model = JSON.parse(await config('--format', 'json'));
    assert.equal(model.services.web.image, 'nginx:latest');
    assert.equal(model.networks.default.name, 'demo_default');
  });

  test('prints one kind of thing as one JSON document with --json', async () => {
    assert.deepEqual(JSON.parse(await config('--services', '--json')), { services: ['db', 'web'] });
    assert.equal(JSON.parse(await config('--json')).name, 'demo');
  });

  test('prints one kind of thing, a line each', async () => {
    assert.equal(await config('--services'), 'db\nweb\n');
    assert.equal(await config('--images'), 'demo-db\nnginx:latest\n');
    assert.equal(await config('--volumes'), 'data\n');
    assert.equal(await config('--networks'), 'default\n');
    assert.equal(await config('--profiles'), 'debug\n');
    assert.match(await config('--environment'), /^COMPOSE_PROJECT_NAME=demo$/m);
    assert.match(await config('--hash', '*'), /^db [0-9a-f]{64}\nweb [0-9a-f]{64}\n$/);
    assert.match(await config('--hash', 'web'), /^web [0-9a-f]{64}\n$/);
  });

  test('prints the variables that a file asks for', async () => {
    const rows = (await config('--variables')).split('\n').map((row) => row.split(/ {3,}/));
    assert.deepEqual(rows.slice(0, 2), [
      ['NAME', 'REQUIRED', 'DEFAULT VALUE', 'ALTERNATE VALUE'],
      ['TAG', 'false', 'latest'],
    ]);
  });

  test('leaves variables and paths as they are when told to', async () => {
    assert.match(await config('--no-interpolate'), /nginx:\$\{TAG:-latest\}/);
    assert.match(await config('--no-path-resolution'), /context: "\."\n/);
    assert.doesNotMatch(await config('--no-normalize'), /default/);
  });

  test('keeps only the services named and what they depend on', async () => {
    const model = JSON.parse(await config('--format', 'json', 'db'));
    assert.deepEqual(Object.keys(model.services), ['db']);
  });

  test('writes to a file with -o and nothing with -q', async () => {
    assert.equal(await config('-q'), '');
    assert.equal(await config('-o', join(folder, 'out.yaml')), '');
    assert.match(readFileSync(join(folder, 'out.yaml'), 'utf8'), /^name: demo\n/);
  });

  test('prints a schema for editors', async () => {
    const schema = JSON.parse(await config('--schema'));
    assert.ok(schema.properties.services.patternProperties['^[a-zA-Z0-9._-]+$'].properties['x-tenfold']);
  });

  test('refuses what up would refuse: keys that contradict each other', async () => {
    const bad = join(folder, 'contradictory.yaml');
    writeFileSync(
      bad,
      'services:\n  web:\n    command: b\n    ports: ["80"]\n    x-tenfold:\n      queue: { size: 5 }\n',
    );
    const { stderr, exitCode } = await runInProcess(['-f', bad, 'config', '-q'], {});
    assert.equal(exitCode, 3);
    assert.match(stderr, /contradictory\.yaml:6:7 \(services\.web\.x-tenfold\.queue\)/);
    assert.equal((await runInProcess(['-f', bad, 'config', '-q', '--no-consistency'], {})).exitCode, 0);
  });

  test('refuses more replicas than a service can have, and says where', async () => {
    const bad = join(folder, 'fixed-port.yaml');
    writeFileSync(
      bad,
      'services:\n  db:\n    image: a\n    volumes: [data:/data]\n    ports: ["5432:5432"]\n    scale: 2\nvolumes: {data: }\n',
    );
    const { stderr, exitCode } = await runInProcess(['-f', bad, 'config', '-q'], {});
    assert.equal(exitCode, 2);
    assert.match(stderr, /db cannot have 2 replicas[^]*fixed-port\.yaml:5:5 \(services\.db\.ports\)/);
  });

  test('ends with 3 for a file that is wrong, and says where', async () => {
    const bad = join(folder, 'bad.yaml');
    writeFileSync(bad, 'services:\n  web:\n    imge: a\n    command: b\n');
    const { stdout, stderr, exitCode } = await runInProcess(['-f', bad, 'config'], {});
    assert.equal(exitCode, 3);
    assert.equal(stdout, '');
    assert.match(stderr, /bad\.yaml:3:5 \(services\.web\.imge\)/);
    assert.match(stderr, /did you mean `image`\?/);
  });
});
