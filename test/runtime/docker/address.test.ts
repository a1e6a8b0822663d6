import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { engineAddress } from '../../../src/runtime/docker/engine/address.ts';
import { reachOf } from '../../../src/runtime/docker/engine/reach.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

async function withContext(folder: string, name: string, host: string): Promise<void> {
  const meta = join(folder, 'contexts/meta', createHash('sha256').update(name).digest('hex'));
  await mkdir(meta, { recursive: true });
  const content = { Name: name, Endpoints: { docker: { Host: host } } };
  await writeFile(join(meta, 'meta.json'), JSON.stringify(content));
}

describe('where containers are reached', () => {
  const local = engineAddress('unix:///var/run/docker.sock', {});

  test('at their own addresses on the Linux host that runs them', () => {
    assert.deepEqual(reachOf(local, 'linux'), { kind: 'container' });
    assert.deepEqual(reachOf(engineAddress('tcp://127.0.0.1:2375', {}), 'linux'), { kind: 'container' });
  });

  test('at published ports of this machine where a virtual one runs them', () => {
    const expected = { kind: 'published', host: '127.0.0.1', bindIp: '127.0.0.1' };
    assert.deepEqual(reachOf(local, 'darwin'), expected);
    assert.deepEqual(reachOf(local, 'win32'), expected);
  });

  test('at published ports of the other machine that runs them', () => {
    const expected = { kind: 'published', host: 'box', bindIp: '' };
    assert.deepEqual(reachOf(engineAddress('ssh://me@box', {}), 'linux'), expected);
  });
});

describe('the address of the engine', () => {
  const nowhere = { DOCKER_CONFIG: '/no/such/folder' };

  test('is the default socket when nothing says otherwise', () => {
    const { label, options } = engineAddress(undefined, nowhere);
    assert.equal(label, 'unix:///var/run/docker.sock');
    assert.equal(options.socketPath, '/var/run/docker.sock');
  });

  test('is DOCKER_HOST, a socket or a port', () => {
    const socket = engineAddress(undefined, { ...nowhere, DOCKER_HOST: 'unix:///run/user/1/docker.sock' });
    assert.equal(socket.options.socketPath, '/run/user/1/docker.sock');
    assert.equal(socket.source, 'DOCKER_HOST');
    const port = engineAddress(undefined, { ...nowhere, DOCKER_HOST: 'tcp://10.0.0.1' });
    assert.deepEqual(port.options, { protocol: 'http', host: '10.0.0.1', port: 2375 });
    const bare = engineAddress(undefined, { ...nowhere, DOCKER_HOST: '10.0.0.1:4000' });
    assert.deepEqual(bare.options, { protocol: 'http', host: '10.0.0.1', port: '4000' });
  });

  test('can be reached by ssh', () => {
    const { options } = engineAddress('ssh://me@box', { SSH_AUTH_SOCK: '/agent' });
    assert.deepEqual(options, {
      protocol: 'ssh',
      host: 'box',
      port: 22,
      username: 'me',
      sshOptions: { agent: '/agent' },
    });
  });

  test('is that of the context that was chosen, unless DOCKER_HOST or DOCKER_CONTEXT say otherwise', async () => {
    await using folder = await temporaryFolder();
    await withContext(folder.path, 'desktop', 'unix:///desktop.sock');
    await withContext(folder.path, 'other', 'unix:///other.sock');
    await writeFile(join(folder.path, 'config.json'), JSON.stringify({ currentContext: 'desktop' }));
    const at = { DOCKER_CONFIG: folder.path };
    assert.equal(engineAddress(undefined, at).label, 'unix:///desktop.sock');
    assert.equal(engineAddress(undefined, { ...at, DOCKER_CONTEXT: 'other' }).label, 'unix:///other.sock');
    assert.equal(
      engineAddress(undefined, { ...at, DOCKER_HOST: 'unix:///host.sock' }).label,
      'unix:///host.sock',
    );
    assert.throws(() => engineAddress(undefined, { ...at, DOCKER_CONTEXT: 'none' }), {
      code: 'runtime-unreachable',
      message: 'the docker context none does not exist',
    });
  });

  test('over TLS needs the certificates, and says which folder to put them in', async () => {
    await using folder = await temporaryFolder();
    const at = { ...nowhere, DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: folder.path };
    assert.throws(() => engineAddress('tcp://box', at), {
      code: 'runtime-unreachable',
      hint: /DOCKER_CERT_PATH/,
    });
    for (const name of ['ca', 'cert', 'key']) await writeFile(join(folder.path, `${name}.pem`), name);
    const { options } = engineAddress('tcp://box', at);
    assert.deepEqual(
      { protocol: options.protocol, port: options.port, ca: String(options.ca) },
      { protocol: 'https', port: 2376, ca: 'ca' },
    );
  });

  test('that cannot be one is refused with what it could be', () => {
    assert.throws(() => engineAddress('gopher://box', {}), {
      code: 'runtime-unreachable',
      got: 'gopher://box',
      expected: /unix:\/\//,
    });
  });
});
