import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../../test/helpers/free-port.ts';
import { findProgram, skipWithout } from '../../../test/helpers/parts.ts';
import { nginxImage, nodeImage } from '../../../test/helpers/docker/test-image.ts';
import { type ChangedSystem, replicas, type RunningSystem } from '../changed-system.ts';
import { runCommand } from '../command.ts';
import { nginxInFront } from '../nginx-in-front.ts';

const appFile = join(import.meta.dirname, '../app.mjs');

interface ComposeStack {
  readonly port: number;
  compose(release: string, ...words: readonly string[]): Promise<string>;
  docker(...words: readonly string[]): Promise<string>;
  /** Container ids of the application. */
  containers(): Promise<readonly string[]>;
}

/** docker-compose with the application scaled to three and an nginx in front, as guides have it. */
async function startStack(folder: string, server: string): Promise<ComposeStack & AsyncDisposable> {
  const port = await freePort();
  const file = join(folder, 'docker-compose.yml');
  const nginxFile = join(folder, 'nginx.conf');
  await writeFile(nginxFile, nginxInFront(server));
  const app = {
    image: await nodeImage(),
    command: ['node', '/app.mjs'],
    environment: { RELEASE: '${RELEASE}', PORT: '3000' },
    volumes: [`${appFile}:/app.mjs:ro`],
    healthcheck: { test: ['CMD', 'wget', '-qO-', 'http://127.0.0.1:3000/'], interval: '1s', retries: 30 },
  };
  const nginx = {
    image: await nginxImage(),
    volumes: [`${nginxFile}:/etc/nginx/nginx.conf:ro`],
    ports: [`127.0.0.1:${port}:80`],
    depends_on: ['app'],
  };
  await writeFile(file, JSON.stringify({ version: '3.8', services: { app, nginx } }));
  const project = `bench-compose-${process.pid}`;
  const stack: ComposeStack & AsyncDisposable = {
    port,
    compose: (release, ...words) =>
      runCommand(['docker-compose', '-p', project, '-f', file, ...words], {
        cwd: folder,
        environment: { RELEASE: release },
      }),
    docker: (...words) => runCommand(['docker', ...words], { cwd: folder }),
    async containers() {
      return (await stack.compose('1', 'ps', '-q', 'app')).split('\n').filter(Boolean);
    },
    async [Symbol.asyncDispose]() {
      await stack.compose('1', 'down', '-t', '1');
    },
  };
  await stack.compose('1', 'up', '-d', '--scale', `app=${replicas}`);
  // nginx resolves the name once, and has to know all of them.
  await stack.compose('1', 'restart', '-t', '1', 'nginx');
  return stack;
}

async function missing(): Promise<string | undefined> {
  const withoutEngine = await skipWithout('docker');
  if (withoutEngine !== false) return withoutEngine;
  const absent = ['docker-compose', 'nginx'].find((program) => findProgram(program) === undefined);
  return absent === undefined ? undefined : `${absent} is not installed`;
}

function running(
  { port, ...stack }: ComposeStack & AsyncDisposable,
  change: RunningSystem['change'],
): RunningSystem {
  return {
    url: `http://127.0.0.1:${port}/`,
    change,
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  };
}

/** `docker-compose up` on the changed file. */
export function composeRecreate(name: string, server: string): ChangedSystem {
  return {
    name,
    description: `docker-compose up -d --scale app=${replicas}; nginx: server ${server}`,
    missing,
    async start(folder) {
      const stack = await startStack(folder, server);
      return running(stack, async (release) => {
        await stack.compose(release, 'up', '-d', '--scale', `app=${replicas}`);
      });
    },
  };
}

/** The script that many write: as many new ones beside the old ones, nginx told, the old ones removed, nginx told again. */
export function scriptedRollout(): ChangedSystem {
  return {
    name: 'scale ×2, nginx -s reload',
    description:
      'docker-compose up --no-recreate --scale app=6, wait until healthy, nginx -s reload, stop the old ones, reload',
    missing,
    async start(folder) {
      const stack = await startStack(folder, 'app:3000 max_fails=3 fail_timeout=30s');
      return running(stack, async (release) => {
        const old = await stack.containers();
        await stack.compose(release, 'up', '-d', '--no-recreate', '--scale', `app=${replicas * 2}`, 'app');
        const fresh = (await stack.containers()).filter((id) => !old.includes(id));
        for (const id of fresh) await untilHealthy(stack, id);
        await stack.compose(release, 'exec', '-T', 'nginx', ...reload);
        await stack.docker('rm', '-f', '-v', ...(await stopped(stack, old)));
        await stack.compose(release, 'exec', '-T', 'nginx', ...reload);
      });
    },
  };
}

const reload = ['nginx', '-p', '/tmp', '-e', 'stderr', '-c', '/etc/nginx/nginx.conf', '-s', 'reload'];

async function stopped(stack: ComposeStack, ids: readonly string[]): Promise<readonly string[]> {
  await stack.docker('stop', ...ids);
  return ids;
}

async function untilHealthy(stack: ComposeStack, id: string): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    if ((await stack.docker('inspect', '-f', '{{.State.Health.Status}}', id)).trim() === 'healthy') return;
  }
  throw new Error(`${id} did not become healthy`);
}
