import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { folderWith, loadFolder, loadText, refusals } from './helpers/load-text.ts';

async function environmentOf(
  files: Readonly<Record<string, string>>,
  options = {},
): Promise<Record<string, unknown>> {
  const { web } = (await loadFolder(folderWith(files), options)).services;
  return { ...web?.environment };
}

describe('variables of a compose file', () => {
  test('come from the process before .env', async () => {
    const files = { 'compose.yaml': 'services: {web: {image: "$A-$B"}}', '.env': 'A=dot\nB=$A\n' };
    const folder = folderWith(files);
    assert.equal((await loadFolder(folder)).services['web']?.image, 'dot-dot');
    const environment = { A: 'process' };
    assert.equal((await loadFolder(folder, { environment })).services['web']?.image, 'process-process');
  });

  test('come from the --env-file, and then not from .env', async () => {
    const folder = folderWith({
      'compose.yaml': 'services: {web: {image: "$A-${B-none}"}}',
      '.env': 'B=dot\n',
      'one.env': 'A=1\n',
      'two.env': 'A=2\n',
    });
    const { services } = await loadFolder(folder, { envFiles: ['one.env', 'two.env'] });
    assert.equal(services['web']?.image, '2-none');
  });

  test('are missed with a warning', async () => {
    const { warnings } = await loadText('services: {web: {image: "a:$TAG"}}');
    assert.deepEqual(warnings, ['the "TAG" variable is not set; defaulting to a blank string']);
  });

  test('become numbers and booleans where those are wanted', async () => {
    const text = 'services: {web: {image: a, scale: $N, init: $B, deploy: {replicas: "${N}"}}}';
    const { web } = (await loadText(text, { environment: { N: '3', B: 'true' } })).services;
    assert.deepEqual([web?.scale, web?.init, web?.deploy?.replicas], [3, true, 3]);
    const errors = await refusals(loadText(text, { environment: { N: 'x', B: 'maybe' } }));
    assert.deepEqual(
      errors.map(({ where }) => where?.path),
      ['services.web.scale', 'services.web.init', 'services.web.deploy.replicas'],
    );
  });
});

describe('the environment of a service', () => {
  test('is its own over later env files over earlier ones', async () => {
    const environment = await environmentOf({
      'compose.yaml': 'services: {web: {image: a, env_file: [1.env, 2.env], environment: {A: own}}}',
      '1.env': 'A=1\nB=1\nC=1\n',
      '2.env': 'B=2\n',
    });
    assert.deepEqual(environment, { A: 'own', B: '2', C: '1' });
  });

  test('takes names without values from outside', async () => {
    const environment = await environmentOf(
      { 'compose.yaml': 'services: {web: {image: a, environment: [A, B, C=]}}' },
      { environment: { A: 'outer' } },
    );
    assert.deepEqual(environment, { A: 'outer', B: null, C: '' });
  });

  test('reads raw files to the letter', async () => {
    const environment = await environmentOf({
      'compose.yaml': 'services: {web: {image: a, env_file: {path: r.env, format: raw}}}'
        .replace('{path', '[{path')
        .replace('raw}', 'raw}]'),
      'r.env': '# c\nA="$X" # kept\n',
    });
    assert.deepEqual(environment, { A: '"$X" # kept' });
  });

  test('does without an optional file, and misses a required one by its place', async () => {
    const optional = 'services: {web: {image: a, env_file: [{path: gone.env, required: false}]}}';
    assert.deepEqual(await environmentOf({ 'compose.yaml': optional }), {});
    const [error] = await refusals(
      loadFolder(
        folderWith({ 'compose.yaml': 'services:\n  web:\n    image: a\n    env_file:\n      - gone.env\n' }),
      ),
    );
    assert.equal(error?.code, 'file-not-found');
    assert.match(error.message, /env file .*gone\.env not found/);
    assert.equal(error.where?.line, 5);
  });

  test('is not fetched from a URL', async () => {
    const [error] = await refusals(
      loadText('services:\n  web:\n    image: a\n    env_file: https://example.com/a.env\n'),
    );
    assert.match(error?.message ?? '', /is a remote resource, which is not supported/);
    assert.equal(error?.where?.line, 4);
  });

  test('is refused with the line of the env file that is wrong', async () => {
    const folder = folderWith({
      'compose.yaml': 'services: {web: {image: a, env_file: a.env}}',
      'a.env': 'A=1\nB="\n',
    });
    const [error] = await refusals(loadFolder(folder));
    assert.equal(error?.code, 'invalid-compose');
    assert.match(error.where?.file ?? '', /a\.env$/);
  });
});

test('labels come from label files under the own ones', async () => {
  const folder = folderWith({
    'compose.yaml': 'services: {web: {image: a, label_file: l.label, labels: [a=own]}}',
    'l.label': 'a=file\nb=file\n',
  });
  const { web } = (await loadFolder(folder)).services;
  assert.deepEqual({ ...web?.labels }, { a: 'own', b: 'file' });
});

test('values of secrets and configs from the environment are kept apart from the model', async () => {
  const text =
    'services: {web: {image: a, secrets: [s], configs: [c]}}\nsecrets: {s: {environment: S}}\nconfigs: {c: {environment: C}}';
  const project = await loadText(text, { environment: { S: 'hidden', C: 'shown' } });
  assert.deepEqual({ ...project.secretValues }, { s: 'hidden' });
  assert.deepEqual({ ...project.configValues }, { c: 'shown' });
  assert.doesNotMatch(JSON.stringify(project.secrets), /hidden/);
});
