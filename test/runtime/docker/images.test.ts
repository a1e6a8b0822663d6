import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { JsonObject } from '../../../src/model/json.ts';
import { skipWithoutPrivateEngine, startPrivateEngine } from '../../helpers/docker/private-engine.ts';
import { startRegistry } from '../../helpers/docker/registry.ts';
import { skipWithout } from '../../helpers/parts.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import { never, openScene } from './scene.ts';
import type { Scene } from './scene.ts';

const skip = await skipWithout('docker');

describe('preparing images', { skip, timeout: 300_000 }, () => {
  let scene: Scene;
  const made: string[] = [];
  before(async () => {
    scene = await openScene();
  });
  after(async () => {
    if (scene === undefined) return;
    await scene[Symbol.asyncDispose]();
    for (const image of made) await removeNames(image);
  });

  /** Of an image that was pulled twice, the tag goes and the digests stay. */
  async function removeNames(image: string): Promise<void> {
    const repository = image.slice(0, image.lastIndexOf(':'));
    const { RepoTags, RepoDigests } = await scene.docker.getImage(image).inspect();
    const names = [...RepoDigests, ...RepoTags].filter(
      (name) => name === image || name.startsWith(`${repository}@`),
    );
    for (const name of names) await scene.docker.getImage(name).remove();
  }

  async function prepare(config: JsonObject, workingDir?: string): Promise<string[]> {
    const stack = scene.stack({ web: config }, workingDir === undefined ? {} : { workingDir });
    const lines: string[] = [];
    await scene.driver.prepare(stack, ['web'], (line) => lines.push(line), never);
    return lines;
  }

  describe('by pulling', () => {
    test('an image that is not there is pulled, and said so', async () => {
      await using registry = await startRegistry();
      registry.put('app', '1', `never seen before: ${scene.name}`);
      const image = `${registry.address}/app:1`;
      made.push(image);
      const lines = await prepare({ image, network_mode: 'none' });
      assert.equal(lines[0], `pulling ${image}`);
      assert.ok(lines.some((line) => line.includes('Pull complete')));
      await scene.docker.getImage(image).inspect();
      assert.deepEqual(await prepare({ image, network_mode: 'none' }), [], 'not again');
    });

    test('with pull_policy always, it is pulled each time', async () => {
      await using registry = await startRegistry();
      registry.put('app', 'moving', `before: ${scene.name}`);
      const config = {
        image: `${registry.address}/app:moving`,
        pull_policy: 'always',
        network_mode: 'none',
      };
      made.push(config.image);
      await prepare(config);
      const { Id: before } = await scene.docker.getImage(config.image).inspect();
      registry.put('app', 'moving', `after: ${scene.name}`);
      await prepare(config);
      assert.notEqual((await scene.docker.getImage(config.image).inspect()).Id, before);
      await scene.docker.getImage(before).remove({ force: true });
    });

    test('with a period, it is pulled when the last time is longer ago', async () => {
      await using registry = await startRegistry();
      registry.put('app', 'aging', 'first');
      const image = `${registry.address}/app:aging`;
      made.push(image);
      await scene.docker.getImage(scene.image).tag({ repo: `${registry.address}/app`, tag: 'aging' });
      assert.deepEqual(await prepare({ image, pull_policy: 'daily', network_mode: 'none' }), []);
      const lines = await prepare({ image, pull_policy: 'every_0s', network_mode: 'none' });
      assert.equal(lines[0], `pulling ${image}`);
    });

    test('one that no registry has is an error with its name and what to do', async () => {
      await using registry = await startRegistry();
      await assert.rejects(prepare({ image: `${registry.address}/none:1`, network_mode: 'none' }), {
        code: 'image-missing',
        message: new RegExp(`${registry.address}/none:1 cannot be pulled: .*(?:manifest|not found)`),
        hint: /docker login|build/,
      });
    });

    test('with pull_policy never, nothing is asked of a registry', async () => {
      await using registry = await startRegistry();
      registry.put('app', 'never', 'first');
      await assert.rejects(
        prepare({ image: `${registry.address}/app:never`, pull_policy: 'never', network_mode: 'none' }),
        { code: 'image-missing', hint: /docker pull/ },
      );
      assert.deepEqual(registry.pulls, []);
    });

    test('a private one is pulled with what docker login stored', async () => {
      await using registry = await startRegistry({ username: 'me', password: 'se:cret' });
      registry.put('private', '1', 'first');
      const image = `${registry.address}/private:1`;
      made.push(image);
      await assert.rejects(prepare({ image, network_mode: 'none' }), { code: 'image-missing' });
      await using folder = await temporaryFolder();
      const auths = { [registry.address]: { auth: Buffer.from('me:se:cret').toString('base64') } };
      await writeFile(join(folder.path, 'config.json'), JSON.stringify({ auths }));
      const before = process.env['DOCKER_CONFIG'];
      process.env['DOCKER_CONFIG'] = folder.path;
      try {
        await prepare({ image, network_mode: 'none' });
      } finally {
        if (before === undefined) delete process.env['DOCKER_CONFIG'];
        else process.env['DOCKER_CONFIG'] = before;
      }
      await scene.docker.getImage(image).inspect();
    });
  });

  describe('by building', () => {
    async function context(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
      for (const [name, text] of Object.entries(files)) {
        await mkdir(dirname(join(folder, name)), { recursive: true });
        await writeFile(join(folder, name), text);
      }
    }

    async function listed(image: string, ...command: string[]): Promise<string> {
      const stack = scene.stack({
        lister: { image, command: [...command], network_mode: 'none', init: false },
      });
      const replica = await scene.start(stack, 'lister');
      await scene.docker.getContainer(replica.id).wait();
      const lines = (await scene.lines(replica)).map(({ text }) => text);
      await scene.driver.remove(replica, never);
      return lines.join('\n');
    }

    test('a context is sent without what .dockerignore leaves out, and the stages, args and labels hold', async () => {
      await using folder = await temporaryFolder();
      await context(folder.path, {
        'app/docker/Dockerfile': [
          `FROM ${scene.image} AS base`,
          'ARG GREETING=none',
          'RUN echo "$GREETING" > /greeting',
          'COPY . /context',
          'FROM base AS extra',
          'RUN touch /extra',
          'FROM base AS last',
          'RUN touch /last',
        ].join('\n'),
        'app/.dockerignore': '# comment\n*.log\nbuild\n!build/keep.txt\n**/secret\ndocker\n',
        'app/kept.txt': 'kept',
        'app/noise.log': 'noise',
        'app/build/drop.txt': 'drop',
        'app/build/keep.txt': 'keep',
        'app/deep/er/secret': 'secret',
        [`app/${'long-name-'.repeat(15)}.txt`]: 'long',
        'app/grüße.txt': 'utf-8',
      });
      await symlink('kept.txt', join(folder.path, 'app/link'));
      const image = `${scene.name}-web`;
      made.push(`${image}:latest`, `${scene.name}-tagged:2`);
      const lines = await prepare(
        {
          build: {
            context: './app',
            dockerfile: 'docker/Dockerfile',
            args: { GREETING: 'hello' },
            target: 'extra',
            labels: { flavour: 'test' },
            tags: [`${scene.name}-tagged:2`],
          },
          network_mode: 'none',
        },
        folder.path,
      );
      assert.equal(lines[0], `building web as ${image}`);
      assert.ok(lines.some((line) => line.includes('RUN touch /extra')));
      const { Config } = await scene.docker.getImage(image).inspect();
      assert.equal(Config.Labels['flavour'], 'test');
      assert.equal(Config.Labels['com.docker.compose.project'], scene.name);
      await scene.docker.getImage(`${scene.name}-tagged:2`).inspect();
      const found = await listed(image, 'sh', '-c', 'cd /context; for f in * */* */*/*; do echo $f; done');
      const files = found.split('\n').filter((line) => !line.includes('*'));
      assert.deepEqual(files.filter((name) => !name.startsWith('long-name')).toSorted(), [
        'build',
        'build/keep.txt',
        'deep',
        'deep/er',
        'docker',
        'grüße.txt',
        'kept.txt',
        'link',
      ]);
      assert.ok(files.includes(`${'long-name-'.repeat(15)}.txt`));
      assert.equal(await listed(image, 'cat', '/greeting', '/context/link'), 'hello\nkept');
      assert.match(await listed(image, 'ls', '/'), /extra/);
      assert.doesNotMatch(await listed(image, 'ls', '/'), /last/);
      assert.deepEqual(
        await prepare({ build: { context: './app' }, network_mode: 'none' }, folder.path),
        [],
        'it is there already',
      );
    });

    test('a Dockerfile may stand in the compose file or beside the context', async () => {
      await using folder = await temporaryFolder();
      await context(folder.path, {
        'app/file.txt': 'text',
        'other.Dockerfile': `FROM ${scene.image}\nCOPY file.txt /outside\n`,
      });
      const inline = `${scene.name}-inline:1`;
      const outside = `${scene.name}-outside:1`;
      made.push(inline, outside);
      const dockerfile = `FROM ${scene.image}\nCOPY file.txt /inline\n`;
      await prepare(
        {
          image: inline,
          pull_policy: 'build',
          build: { context: 'app', dockerfile_inline: dockerfile },
          network_mode: 'none',
        },
        folder.path,
      );
      await prepare(
        {
          image: outside,
          pull_policy: 'build',
          build: { context: 'app', dockerfile: '../other.Dockerfile' },
          network_mode: 'none',
        },
        folder.path,
      );
      assert.equal(await listed(inline, 'cat', '/inline'), 'text');
      assert.equal(await listed(outside, 'cat', '/outside'), 'text');
    });

    test('a build that fails shows its last lines and where it stands in the file', async () => {
      await using folder = await temporaryFolder();
      await context(folder.path, {
        Dockerfile: `FROM ${scene.image}\nRUN echo nearly there && echo broken >&2 && exit 7\n`,
      });
      await assert.rejects(
        prepare({ image: `${scene.name}-bad`, pull_policy: 'build', build: { context: '.' } }, folder.path),
        (thrown: unknown) => {
          assert.ok(thrown instanceof Error && 'details' in thrown && Array.isArray(thrown.details));
          assert.match(thrown.message, /service web cannot be built: .*non-zero code: 7/);
          assert.ok(thrown.details.includes('nearly there'));
          return true;
        },
      );
    });

    test('a context or Dockerfile that is not there is named before the engine is asked', async () => {
      await using folder = await temporaryFolder();
      await assert.rejects(prepare({ pull_policy: 'build', build: { context: './none' } }, folder.path), {
        code: 'file-not-found',
        got: join(folder.path, 'none'),
      });
      await assert.rejects(prepare({ pull_policy: 'build', build: { context: '.' } }, folder.path), {
        code: 'file-not-found',
        got: join(folder.path, 'Dockerfile'),
      });
    });

    test('what the engine cannot build alone says how else', async () => {
      await using folder = await temporaryFolder();
      await context(folder.path, { Dockerfile: `FROM ${scene.image}\n` });
      await assert.rejects(
        prepare(
          { pull_policy: 'build', build: { context: '.', additional_contexts: { other: './other' } } },
          folder.path,
        ),
        { code: 'image-missing', got: 'build with additional_contexts', hint: /docker buildx build/ },
      );
    });
  });
});

const buildKitSkip = skipWithoutPrivateEngine();

describe('building with BuildKit', { skip: buildKitSkip, timeout: 300_000 }, () => {
  test('is what an engine does that says it would; its steps and its errors are told in the same way', async () => {
    await using engine = await startPrivateEngine({ features: { buildkit: true } });
    await using scene = await openScene({ host: engine.host });
    await using folder = await temporaryFolder();
    const stack = scene.stack(
      { web: { pull_policy: 'build', build: { context: '.', tags: [`${scene.name}:too`] } } },
      { workingDir: folder.path },
    );
    const lines: string[] = [];
    const prepare = async (...steps: string[]): Promise<void> => {
      await writeFile(join(folder.path, 'Dockerfile'), [`FROM ${scene.image}`, ...steps, ''].join('\n'));
      await scene.driver.prepare(stack, ['web'], (line) => lines.push(line), never);
    };
    // A flag that the classic builder does not know.
    await prepare('RUN --mount=type=tmpfs,target=/mnt echo built', 'COPY Dockerfile /copied');
    assert.ok(
      lines.some((line) => line.includes('RUN --mount')),
      lines.join('\n'),
    );
    await scene.docker.getImage(`${scene.name}-web`).inspect();
    await scene.docker.getImage(`${scene.name}:too`).inspect();
    await assert.rejects(prepare('RUN echo nearly there && exit 7'), {
      code: 'image-missing',
      message: /service web cannot be built: .*exit code: 7/,
    });
    assert.ok(lines.includes('building web: nearly there'));
  });
});
