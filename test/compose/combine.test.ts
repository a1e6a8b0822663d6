import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { folderWith, loadFolder, loadText, refusals } from './helpers/load-text.ts';

describe('extends', () => {
  test('lays a service over one of the same file, in chains', async () => {
    const { services } = await loadText(`services:
  a: {image: a, environment: {A: "1", B: "1"}, command: x}
  b: {extends: a, environment: {B: "2"}}
  c: {extends: {service: b}, image: c}
`);
    assert.equal(services['c']?.image, 'c');
    assert.deepEqual(services['c'].command, ['x']);
    assert.deepEqual({ ...services['c'].environment }, { A: '1', B: '2' });
  });

  test('takes relative paths from the file that they stand in', async () => {
    const folder = folderWith({
      'compose.yaml': 'services: {web: {extends: {file: sub/base.yaml, service: base}}}',
      'sub/base.yaml': 'services: {base: {build: ., volumes: ["./data:/data"], env_file: e.env}}',
      'sub/e.env': 'A=1\n',
    });
    const { web } = (await loadFolder(folder)).services;
    assert.equal(web?.build?.context, join(folder, 'sub'));
    assert.equal(web.volumes?.[0]?.source, join(folder, 'sub/data'));
    assert.deepEqual({ ...web.environment }, { A: '1' });
  });

  test('is refused in a circle, also over several files', async () => {
    const folder = folderWith({
      'compose.yaml': 'services:\n  a:\n    extends: {file: b.yaml, service: b}\n',
      'b.yaml': 'services: {b: {extends: {file: compose.yaml, service: a}}}',
    });
    const [error] = await refusals(loadFolder(folder));
    assert.match(
      error?.message ?? '',
      /^Circular reference:\n {2}a in .*\n {2}extends b in .*\n {2}extends a in /,
    );
    assert.equal(error?.where?.line, 3);
  });

  test('is refused for a service that is not there, with the nearest name', async () => {
    const [error] = await refusals(loadText('services:\n  web: {extends: bsae}\n  base: {image: a}\n'));
    assert.match(error?.message ?? '', /service "bsae" not found/);
    assert.equal(error?.hint, 'did you mean `base`?');
  });

  test('leads to the line of what is wrong in the other file', async () => {
    const folder = folderWith({
      'compose.yaml': 'services: {web: {extends: {file: base.yaml, service: base}}}',
      'base.yaml': 'services:\n  base:\n    image: a\n    imge: b\n',
    });
    const [error] = await refusals(loadFolder(folder));
    assert.match(error?.where?.file ?? '', /base\.yaml$/);
    assert.equal(error?.where?.line, 4);
  });
});

describe('include', () => {
  test('adds the resources of other files, with their own folders and env files', async () => {
    const folder = folderWith({
      'compose.yaml': 'include: [sub/compose.yaml]\nservices: {web: {image: a}}',
      'sub/compose.yaml': 'services: {db: {image: "db:$TAG", volumes: ["./data:/data"]}}',
      'sub/.env': 'TAG=5\n',
    });
    const { services } = await loadFolder(folder);
    assert.equal(services['db']?.image, 'db:5');
    assert.equal(services['db'].volumes?.[0]?.source, join(folder, 'sub/data'));
  });

  test('takes a project directory, env files and overrides', async () => {
    const folder = folderWith({
      'compose.yaml':
        'include: [{path: [a/1.yaml, a/2.yaml], project_directory: b, env_file: v.env}]\nservices: {web: {image: a}}',
      'a/1.yaml': 'services: {db: {image: "x:$TAG", build: .}}',
      'a/2.yaml': 'services: {db: {command: y}}',
      'v.env': 'TAG=7\n',
      'b/.keep': '',
    });
    const { db } = (await loadFolder(folder)).services;
    assert.equal(db?.image, 'x:7');
    assert.deepEqual(db.command, ['y']);
    assert.equal(db.build?.context, join(folder, 'b'));
  });

  test('is refused in a circle', async () => {
    const folder = folderWith({
      'compose.yaml': 'include:\n  - b.yaml\n',
      'b.yaml': 'include: [compose.yaml]\n',
    });
    const [error] = await refusals(loadFolder(folder));
    assert.match(
      error?.message ?? '',
      /^include cycle detected:\n.*compose\.yaml\n include .*b\.yaml\n include .*compose\.yaml$/,
    );
    assert.match(error?.where?.file ?? '', /b\.yaml$/);
  });

  for (const remote of [
    'https://example.com/compose.yaml',
    'git@example.com:a/b.git',
    'oci://example.com/a',
  ]) {
    test(`is refused from ${remote}, as nothing is fetched`, async () => {
      const [error] = await refusals(loadText(`include: ["${remote}"]\nservices: {a: {image: a}}\n`));
      assert.match(error?.message ?? '', /is a remote resource, which is not supported/);
      assert.equal(error?.where?.line, 1);
    });
  }

  test('of files that include others twice, level for level, is bounded', async () => {
    const levels = 40;
    const files: Record<string, string> = { 'compose.yaml': 'include: [f0.yaml, f0.yaml]\n' };
    for (let level = 0; level < levels; level += 1) {
      files[`f${level}.yaml`] =
        level + 1 < levels
          ? `include: [f${level + 1}.yaml, f${level + 1}.yaml]\n`
          : 'services: {a: {image: b}}';
    }
    const [error] = await refusals(loadFolder(folderWith(files)));
    assert.match(error?.message ?? '', /more than 2000 files/);
  });
});
