import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { folderWith, loadFolder, loadText, refusals } from './helpers/load-text.ts';

const web = (image: string) => `services: {web: {image: ${image}}}\n`;

describe('the files of a project', () => {
  test('are the default one and its override, here or in the nearest parent folder', async () => {
    const folder = folderWith({
      'compose.yaml': web('a'),
      'compose.override.yaml': web('b'),
      'docker-compose.yml': web('c'),
      'deep/er/.keep': '',
    });
    const project = await loadFolder(join(folder, 'deep/er'));
    assert.equal(project.services['web']?.image, 'b');
    assert.deepEqual(project.configFiles, [
      join(folder, 'compose.yaml'),
      join(folder, 'compose.override.yaml'),
    ]);
    assert.equal(project.workingDir, folder);
    assert.match(project.warnings.join(), /multiple config files/);
  });

  test('are those of COMPOSE_FILE, which may stand in .env', async () => {
    const folder = folderWith({
      'a.yaml': web('a'),
      'b.yaml': web('b'),
      '.env': 'COMPOSE_FILE=a.yaml:b.yaml\n',
    });
    assert.equal((await loadFolder(folder)).services['web']?.image, 'b');
    const environment = { COMPOSE_FILE: 'b.yaml,a.yaml', COMPOSE_PATH_SEPARATOR: ',' };
    assert.equal((await loadFolder(folder, { environment })).services['web']?.image, 'a');
  });

  test('may come from standard input', async () => {
    assert.equal((await loadText(web('a'))).services['web']?.image, 'a');
  });

  test('are missed with a hint when there are none', async () => {
    const [error] = await refusals(loadFolder(folderWith({})));
    assert.equal(error?.code, 'file-not-found');
    assert.match(error.expected ?? '', /compose\.yaml/);
  });

  test('are missed by name when one is not there', async () => {
    const [error] = await refusals(loadFolder(folderWith({}), { files: ['gone.yaml'] }));
    assert.equal(error?.code, 'file-not-found');
    assert.match(error.message, /gone\.yaml/);
  });
});

describe('the name of a project', () => {
  const folder = folderWith({
    'My App/compose.yaml': web('a'),
    'named/compose.yaml': `name: from-\${X:-file}\n${web('a')}`,
  });
  const nameOf = async (name: string, options = {}) => (await loadFolder(join(folder, name), options)).name;

  test('is that of the folder, made fit', async () => {
    assert.equal(await nameOf('My App'), 'myapp');
  });

  test('is that of the file before that of the folder', async () => {
    assert.equal(await nameOf('named'), 'from-file');
    assert.equal(await nameOf('named', { environment: { X: 'env' } }), 'from-env');
  });

  test('is COMPOSE_PROJECT_NAME before that of the file, and -p before all', async () => {
    const environment = { COMPOSE_PROJECT_NAME: 'variable' };
    assert.equal(await nameOf('named', { environment }), 'variable');
    assert.equal(await nameOf('named', { environment, projectName: 'option' }), 'option');
  });

  test('is refused when it was given and is none', async () => {
    const [error] = await refusals(loadFolder(join(folder, 'named'), { projectName: 'No Good' }));
    assert.equal(error?.code, 'usage');
    assert.match(error.hint ?? '', /`nogood` would be one/);
  });
});

describe('profiles', () => {
  const text = `services:
  web: {image: a}
  debug: {image: b, profiles: [debug], depends_on: [db]}
  db: {image: c, profiles: [data]}
`;
  const active = async (options = {}) => Object.keys((await loadText(text, options)).services);

  test('leave services out until one is active', async () => {
    assert.deepEqual(await active(), ['web']);
    assert.deepEqual(await active({ profiles: ['data'] }), ['db', 'web']);
    assert.deepEqual(await active({ profiles: ['*'] }), ['db', 'debug', 'web']);
    assert.deepEqual(await active({ environment: { COMPOSE_PROFILES: 'debug,data' } }), [
      'db',
      'debug',
      'web',
    ]);
  });

  test('are active for a service that is named', async () => {
    assert.deepEqual(await active({ services: ['db'] }), ['db']);
  });

  test('leave nobody to depend on what is not active', async () => {
    const [error] = await refusals(loadText(text, { profiles: ['debug'] }));
    assert.equal(error?.message, 'service "debug" depends on undefined service "db"');
    assert.equal(error.where?.line, 3);
  });
});

test('an unknown service is missed by name, with the nearest one', async () => {
  const [error] = await refusals(loadText('services: {frontend: {image: a}}', { services: ['fronted'] }));
  assert.equal(error?.code, 'unknown-service');
  assert.equal(error.hint, 'did you mean `frontend`?');
});
