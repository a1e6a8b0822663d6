import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, cp, mkdir, readdir, readFile, realpath, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import Docker from 'dockerode';
import { baseImage } from './base-image.ts';
import { findProgram } from '../parts.ts';
import { temporaryFolder } from '../temporary.ts';

const run = promisify(execFile);
const fixturesDir = join(import.meta.dirname, '../../fixtures/replicas');
const httpReplica = ['node', '/replicas/http-replica.mjs'];

/** The base image with test/fixtures/replicas in `/replicas`; it runs http-replica.mjs, on port 80 unless told otherwise. */
export function nodeImage(): Promise<string> {
  return localImage('node', [], { command: httpReplica, environment: { PORT: '80' } });
}

/** The base image with this machine's own Redis. */
export function redisImage(): Promise<string> {
  return localImage('redis', ['redis-server', 'redis-cli'].map(installed), {
    command: ['redis-server', '--protected-mode', 'no'],
    environment: {},
  });
}

/**
 * The base image with this machine's own nginx. It reads /etc/nginx/nginx.conf, which has to say `user root;` and where
 * below /tmp it may write.
 */
export function nginxImage(): Promise<string> {
  const command = ['nginx', '-p', '/tmp', '-e', 'stderr', '-c', '/etc/nginx/nginx.conf', '-g', 'daemon off;'];
  return localImage('nginx', [installed('nginx')], { command, environment: {} });
}

function installed(name: string): string {
  const file = findProgram(name);
  if (file === undefined) throw new Error(`${name} is not installed`);
  return file;
}

interface ImageDefaults {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** Builds the image from copies of the programs, once: its tag says what is in it. */
async function localImage(
  name: string,
  programs: readonly string[],
  defaults: ImageDefaults,
): Promise<string> {
  const docker = new Docker();
  const base = await baseImage(docker);
  const tag = `tenfold-test-${name}:${await digest(base, programs, defaults)}`;
  const isThere = await docker
    .getImage(tag)
    .inspect()
    .then(
      () => true,
      () => false,
    );
  if (isThere) return tag;

  await using context = await temporaryFolder();
  const root = join(context.path, 'root');
  await mkdir(join(root, 'usr/local/bin'), { recursive: true });
  for (const program of programs) {
    await copyFile(program, join(root, 'usr/local/bin', basename(program)));
    for (const library of await libraries(program)) {
      await mkdir(join(root, dirname(library)), { recursive: true });
      await copyFile(await realpath(library), join(root, library));
    }
  }
  await cp(fixturesDir, join(context.path, 'replicas'), { recursive: true });
  await writeFile(join(context.path, 'Dockerfile'), dockerfile(base, defaults));
  await build(docker, context.path, tag);
  return tag;
}

function dockerfile(base: string, { command, environment }: ImageDefaults): string {
  return [
    `FROM ${base}`,
    'COPY root/ /',
    'COPY replicas/ /replicas/',
    ...Object.entries(environment).map(([name, value]) => `ENV ${name}=${value}`),
    `CMD ${JSON.stringify(command)}`,
    '',
  ].join('\n');
}

/** The same base, programs, fixtures and defaults give the same digest. */
async function digest(base: string, programs: readonly string[], defaults: ImageDefaults): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([base, defaults]));
  for (const program of programs) {
    const { size, mtimeMs } = await stat(program);
    hash.update(`${program} ${size} ${mtimeMs}\n`);
  }
  for (const file of (await readdir(fixturesDir)).sort())
    hash.update(await readFile(join(fixturesDir, file)));
  return hash.digest('hex').slice(0, 12);
}

/** Paths of the shared libraries that the program needs. */
async function libraries(program: string): Promise<string[]> {
  const { stdout } = await run('ldd', [program]);
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path ?? '');
}

async function build(docker: Docker, directory: string, tag: string): Promise<void> {
  const tar = spawn('tar', ['-C', directory, '-cf', '-', '.'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const progress = await docker.buildImage(tar.stdout, { t: tag, forcerm: true });
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(
      progress,
      (error: Error | null, lines: readonly { readonly error?: string }[]) => {
        const failure = error?.message ?? lines.find((line) => line.error !== undefined)?.error;
        if (failure === undefined) resolve();
        else reject(new Error(`building ${tag} failed: ${failure}`));
      },
    );
  });
}
