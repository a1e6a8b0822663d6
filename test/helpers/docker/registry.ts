import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { gzipSync } from 'node:zlib';
import { tarOf } from '../../../src/runtime/docker/engine/tar.ts';

export interface Registry extends AsyncDisposable {
  /** `127.0.0.1:PORT`; engines speak plain HTTP to it. */
  readonly address: string;
  /** Manifests that were asked for. */
  readonly pulls: readonly string[];
  /** Changes what `NAME:TAG` is: an image whose one file, /content, holds the text. */
  put(name: string, tag: string, text: string): void;
}

interface Blob {
  readonly digest: string;
  readonly content: Buffer;
}

const manifestType = 'application/vnd.docker.distribution.manifest.v2+json';

/** The least of a registry that an engine can pull from; with a login it is closed to everybody else. */
export async function startRegistry(login?: { username: string; password: string }): Promise<Registry> {
  const blobs = new Map<string, Buffer>();
  const manifests = new Map<string, Blob>();
  const pulls: string[] = [];
  const expected = login && `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`;
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    if (expected !== undefined && request.headers.authorization !== expected) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="test"' }).end();
      return;
    }
    const [, name = '', kind, reference = ''] = /^\/v2\/(.+)\/(manifests|blobs)\/(.+)$/.exec(path) ?? [];
    const manifest =
      manifests.get(`${name}:${reference}`) ??
      [...manifests.values()].find(({ digest }) => digest === reference);
    if (path === '/v2/') response.end('{}');
    else if (kind === 'manifests' && manifest !== undefined) {
      if (request.method === 'GET') pulls.push(`${name}:${reference}`);
      const headers = { 'content-type': manifestType, 'docker-content-digest': manifest.digest };
      response.writeHead(200, { ...headers, 'content-length': manifest.content.length });
      response.end(request.method === 'HEAD' ? undefined : manifest.content);
    } else if (kind === 'blobs' && blobs.has(reference)) response.end(blobs.get(reference));
    else {
      const errors = [{ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' }];
      response.writeHead(404, { 'content-type': 'application/json' }).end(JSON.stringify({ errors }));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the registry has no port');

  function keep(content: Buffer): { digest: string; size: number } {
    const digest = digestOf(content);
    blobs.set(digest, content);
    return { digest, size: content.length };
  }

  return {
    address: `127.0.0.1:${bound.port}`,
    pulls,
    put(name, tag, text) {
      const layer = tarOf([
        { entry: { name: 'content', kind: 'file', mode: 0o644 }, content: Buffer.from(text) },
      ]);
      const config = {
        architecture: 'amd64',
        os: 'linux',
        config: { Cmd: ['/content'] },
        rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
      };
      const manifest = Buffer.from(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: manifestType,
          config: {
            mediaType: 'application/vnd.docker.container.image.v1+json',
            ...keep(Buffer.from(JSON.stringify(config))),
          },
          layers: [
            {
              mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
              ...keep(gzipSync(layer)),
            },
          ],
        }),
      );
      manifests.set(`${name}:${tag}`, { digest: digestOf(manifest), content: manifest });
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}
