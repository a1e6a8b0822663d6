import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../test/helpers/free-port.ts';
import { findProgram } from '../../test/helpers/parts.ts';
import { nginxConfig, nginxProxy } from './nginx-config.ts';
import { startManagedHaproxy } from './managed-haproxy.ts';
import { PinnedProgram, systemCore } from './pinned-program.ts';
import { startTenfold } from './tenfold-system.ts';

/** A balancer that runs, on one core and with one worker. */
export interface RunningSystem extends AsyncDisposable {
  readonly port: number;
  /** The process whose descendants, with itself, are the system. */
  readonly pid: number;
}

export interface System {
  readonly name: string;
  readonly version: string;
  start(upstreams: readonly number[], folder: string): Promise<RunningSystem>;
}

/** The figures of all others are set against this one's. */
export const baseline = 'nginx-keepalive';

/** All systems; a text in place of one that is not there says why. */
export function allSystems(): readonly (System | string)[] {
  const nginx = findProgram('nginx');
  const haproxy = findProgram('haproxy');
  const caddy = findProgram('caddy');
  return [
    nginx === undefined ? 'nginx: not installed' : nginxSystem('nginx-guide', nginx, false),
    nginx === undefined ? `${baseline}: nginx is not installed` : nginxSystem(baseline, nginx, true),
    haproxy === undefined ? 'haproxy: not installed' : haproxySystem(haproxy),
    haproxy === undefined
      ? 'tenfold-haproxy: haproxy is not installed'
      : {
          ...haproxySystem(haproxy),
          name: 'tenfold-haproxy',
          start: (upstreams, folder) => startManagedHaproxy(haproxy, upstreams, folder),
        },
    caddy === undefined ? 'caddy: not installed' : caddySystem(caddy),
    nodeSystem('http-proxy-3'),
    nodeSystem('httpxy'),
    { name: 'tenfold', version: `node ${process.version}`, start: startTenfold },
  ];
}

function nginxSystem(name: string, nginx: string, keepsUpstreams: boolean): System {
  // Nginx prints its version to stderr, which has no other use here.
  const version = execFileSync('sh', ['-c', '"$0" -v 2>&1', nginx], { encoding: 'utf8' });
  return {
    name,
    version: firstNumber(version),
    async start(upstreams, folder) {
      const port = await freePort();
      const file = join(folder, `${name}.conf`);
      await writeFile(file, nginxConfig(name, nginxProxy({ port, upstreams, keepsUpstreams }), folder));
      return running(port, [nginx, '-e', 'stderr', '-p', folder, '-c', file]);
    },
  };
}

function haproxySystem(haproxy: string): System {
  return {
    name: 'haproxy',
    version: firstNumber(execFileSync(haproxy, ['-v'], { encoding: 'utf8' })),
    async start(upstreams, folder) {
      const port = await freePort();
      const file = join(folder, 'haproxy.cfg');
      const servers = upstreams.map((upstream, index) => `  server app${index} 127.0.0.1:${upstream}`);
      await writeFile(
        file,
        `global
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  option forwardfor
  http-reuse always
frontend web
  bind 127.0.0.1:${port}
  unique-id-format %{+X}o%pid-%rt
  unique-id-header X-Request-ID
  default_backend app
backend app
  balance leastconn
  http-response set-header X-Served-By %s
${servers.join('\n')}
`,
      );
      return running(port, [haproxy, '-db', '-f', file]);
    },
  };
}

function caddySystem(caddy: string): System {
  return {
    name: 'caddy',
    version: firstNumber(execFileSync(caddy, ['version'], { encoding: 'utf8' })),
    async start(upstreams, folder) {
      const port = await freePort();
      const file = join(folder, 'Caddyfile');
      const targets = upstreams.map((upstream) => `127.0.0.1:${upstream}`).join(' ');
      await writeFile(
        file,
        `{
  admin off
  auto_https off
  log {
    level ERROR
  }
}
http://127.0.0.1:${port} {
  bind 127.0.0.1
  reverse_proxy ${targets} {
    lb_policy least_conn
    max_fails 3
    fail_duration 30s
  }
}
`,
      );
      const environment = { GOMAXPROCS: '1', XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder };
      return running(port, [caddy, 'run', '--config', file, '--adapter', 'caddyfile'], environment);
    },
  };
}

const nodeProxy = fileURLToPath(new URL('node-proxy.ts', import.meta.url));

function nodeSystem(library: 'http-proxy-3' | 'httpxy'): System {
  const manifest = new URL(`../../node_modules/${library}/package.json`, import.meta.url);
  return {
    name: library,
    version: firstNumber(/"version": *"[^"]+"/.exec(readFileSync(manifest, 'utf8'))?.[0] ?? ''),
    async start(upstreams) {
      const port = await freePort();
      return running(port, [process.execPath, nodeProxy, library, String(port), ...upstreams.map(String)]);
    },
  };
}

async function running(
  port: number,
  command: readonly string[],
  environment?: NodeJS.ProcessEnv,
): Promise<RunningSystem> {
  const program = new PinnedProgram(systemCore, command, environment);
  await program.accepts(port);
  return { port, pid: program.pid, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() };
}

function firstNumber(text: string): string {
  return /\d+(\.\d+)+/.exec(text)?.[0] ?? 'unknown';
}
