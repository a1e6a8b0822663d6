import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RoutingTable } from '../../src/balancer/balancer-driver.ts';
import type { BalancingPolicy } from '../../src/model/balancing.ts';
import { freePort } from '../../test/helpers/free-port.ts';
import { nginxConfig } from './nginx-config.ts';
import { clientCore, PinnedProgram } from './pinned-program.ts';
import { mebibyte } from './scenario.ts';

export interface Upstreams extends AsyncDisposable {
  readonly ports: readonly number[];
}

/** The replicas: one nginx process that answers on so many ports, with few bytes, with 1 MiB, or to an upload. */
export async function startUpstreams(nginx: string, folder: string, count: number): Promise<Upstreams> {
  const ports: number[] = [];
  while (ports.length <= count) {
    const port = await freePort();
    if (!ports.includes(port)) ports.push(port);
  }
  const answering = ports.pop() ?? 0;
  await writeFile(join(folder, 'large'), Buffer.alloc(mebibyte, 'x'));
  const config = nginxConfig(
    'upstreams',
    `keepalive_requests 100000000;
  # Reads the whole upload and then asks for the answer elsewhere, or the answer would come before the upload has.
  upstream answer { server 127.0.0.1:${answering}; keepalive 64; }
  server { listen 127.0.0.1:${answering}; location / { return 200 "received"; } }
  server {
    ${ports.map((port) => `listen 127.0.0.1:${port} backlog=4096;`).join('\n    ')}
    location / { return 200 "a small answer\\n"; }
    location = /large { root ${folder}; }
    location = /upload {
      client_max_body_size 2m;
      client_body_buffer_size 2m;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Content-Length "";
      proxy_pass_request_body off;
      proxy_pass http://answer;
    }
  }`,
    folder,
  );
  const file = join(folder, 'upstreams.conf');
  await writeFile(file, config);
  const program = new PinnedProgram(clientCore, [nginx, '-e', 'stderr', '-p', folder, '-c', file]);
  await program.accepts(answering);
  return { ports, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() };
}

/** One listener on the port, and one pool of all the upstreams behind it. */
export function benchTable(
  port: number,
  upstreams: readonly number[],
  policy: BalancingPolicy,
): RoutingTable {
  const endpoints = upstreams.map((upstream) => ({
    id: `app-${upstream}`,
    instance: `app-${upstream}`,
    revision: 'bench',
    host: '127.0.0.1',
    port: upstream,
    rotation: 'active' as const,
    isHealthy: true,
  }));
  return {
    listeners: [{ id: 'bench', hostIp: '127.0.0.1', port, protocol: 'http', pool: 'app' }],
    pools: [{ id: 'app', stack: 'bench', service: 'app', policy, endpoints, emptyReason: '' }],
  };
}
