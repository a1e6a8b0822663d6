import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { freePort } from '../helpers/free-port.ts';
import { nginxImage, nodeImage } from '../helpers/docker/test-image.ts';
import { eventually } from '../helpers/eventually.ts';
import { openLoop, type Load } from '../helpers/open-loop.ts';
import { skipWithout } from '../helpers/parts.ts';
import type { TestHome } from '../helpers/tenfold.ts';

const run = promisify(execFile);

/** As every program of the container resolves names (getaddrinfo). */
const resolveName = `
  require('node:dns').lookup(process.argv[1], { all: true, family: 4 }, (error, found) => {
    if (error) throw error;
    console.log(JSON.stringify(found.map(({ address }) => address)));
  });
`;

/** The `upstream` block and the headers are the visits guide's own. */
const nginxConf = `
events { worker_connections 4096; }
error_log stderr warn;
http {
  access_log off;
  client_body_temp_path /tmp/body;
  proxy_temp_path /tmp/proxy;
  fastcgi_temp_path /tmp/fastcgi;
  uwsgi_temp_path /tmp/uwsgi;
  scgi_temp_path /tmp/scgi;

  upstream flask_app {
      least_conn;  # Load balancing algorithm
      server app:5000 max_fails=3 fail_timeout=30s;
  }

  server {
    listen 80;
    # Enhanced monitoring headers
    add_header X-Served-By $hostname;
    add_header X-Upstream-Server $upstream_addr;
    add_header X-Request-ID $request_id;
    location / {
      proxy_pass http://flask_app;
    }
  }
}
`;

export const skip = (await skipWithout('docker')) || (await skipWithout('nginx'));

/** A real nginx in front of a service `app`, which it resolves once, when it starts. */
export interface NginxStack {
  readonly name: string;
  readonly url: string;
  /** What a name resolves to inside the nginx container, sorted. */
  addressesOf(host: string): Promise<readonly string[]>;
  /** Waits until exactly these many replicas of app are in rotation and none other is left. */
  settled(count: number): Promise<void>;
  load(): Load;
}

let stacks = 0;

export async function writeNginxStack(
  home: TestHome,
  app: Readonly<Record<string, unknown>> = {},
): Promise<NginxStack> {
  const name = `ambassador-${process.pid}-${(stacks += 1)}`;
  const port = await freePort();
  const conf = await home.write('nginx.conf', nginxConf);
  const services = {
    app: {
      image: await nodeImage(),
      environment: { PORT: '5000', HANDLER_MS: '20' },
      expose: ['5000'],
      stop_grace_period: '2s',
      deploy: { replicas: 3 },
      ...app,
    },
    nginx: {
      image: await nginxImage(),
      command: ['nginx', '-e', 'stderr', '-g', 'daemon off; pid /tmp/nginx.pid; user root;'],
      ports: [`127.0.0.1:${port}:80`],
      volumes: [`${conf}:/etc/nginx/nginx.conf:ro`],
      stop_grace_period: '1s',
      // nginx adds headers of the same names.
      'x-tenfold': { response_headers: false },
    },
  };
  await home.write('compose.yaml', JSON.stringify({ name, services }, undefined, 2));
  const url = `http://127.0.0.1:${port}/`;
  return {
    name,
    url,
    addressesOf: async (host) => {
      const { stdout } = await run('docker', ['exec', `${name}-nginx-1`, 'node', '-e', resolveName, host]);
      const addresses: string[] = JSON.parse(stdout);
      return addresses.sort();
    },
    settled: (count) =>
      eventually(async () => {
        const replicas = (await home.status(name)).services.find((each) => each.name === 'app')?.replicas;
        const states = (replicas ?? []).map(({ instance, state }) => `${instance} ${state}`).join(', ');
        if (replicas?.length !== count || !replicas.every(({ state }) => state === 'in rotation'))
          throw new Error(`want ${count} in rotation, got: ${states}`);
      }),
    load: () => openLoop({ urls: [url], ratePerSecond: 150 }),
  };
}

/** Ids of what the engine has of the stack, each with its name and whether it runs. */
export async function leftOf(stack: string): Promise<readonly string[]> {
  const filter = `label=com.docker.compose.project=${stack}`;
  const { stdout: containers } = await run('docker', [
    'ps',
    '-a',
    '--filter',
    filter,
    '--format',
    '{{.Names}}',
  ]);
  const { stdout: networks } = await run('docker', [
    'network',
    'ls',
    '--filter',
    filter,
    '--format',
    '{{.Name}}',
  ]);
  return `${containers}${networks}`.split('\n').filter(Boolean).sort();
}

/** What `docker inspect` says of a container, by a Go template. */
export async function inspect(container: string, template: string): Promise<string> {
  const { stdout } = await run('docker', ['inspect', '-f', template, container]);
  return stdout.trim();
}
