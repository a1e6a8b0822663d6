/**
 * CPU time that loading compose files costs: a 500-service file with an override beside `docker-compose config` (where
 * it is installed), and from 50 to 5,000 services. `node bench/compose-loader.ts`.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadProject } from '../src/compose/load-project.ts';
import { resolveStack } from '../src/compose/resolve-stack.ts';
import { findProgram } from '../test/helpers/parts.ts';

const folder = mkdtempSync(join(tmpdir(), 'tenfold-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

function baseFile(services: number): string {
  const entries = Array.from(
    { length: services },
    (_, index) => `  service${index}:
    image: registry.example.com/team/service${index}:\${TAG:-latest}
    command: ["serve", "--port", "8080"]
    environment:
      - LOG_LEVEL=info
      - DATABASE_URL=postgres://db${index % 10}/app
    ports:
      - "${10_000 + (index % 50_000)}:8080"
    volumes:
      - data:/var/lib/data${index}
      - ./config:/etc/app:ro
    labels:
      com.example.team: core
      com.example.index: "${index}"
    networks:
      - back
    restart: unless-stopped
    depends_on:
      - ${index === 0 ? 'db' : `service${index - 1}`}
    healthcheck:
      test: ["CMD", "true"]
      interval: 10s
      retries: 3
`,
  );
  return `version: "3.8"\nservices:\n  db:\n    image: postgres\n${entries.join('')}networks:\n  back: {}\nvolumes:\n  data: {}\n`;
}

function overrideFile(services: number): string {
  const entries = Array.from(
    { length: services },
    (_, index) => `  service${index}:
    environment:
      LOG_LEVEL: debug
    ports:
      - "127.0.0.1:${10_000 + (index % 50_000)}:9090"
    labels:
      - com.example.override=yes
`,
  );
  return `version: "3.8"\nservices:\n${entries.join('')}`;
}

function writeProject(services: number): readonly string[] {
  const files = [join(folder, `base-${services}.yaml`), join(folder, `override-${services}.yaml`)];
  writeFileSync(files[0] ?? '', baseFile(services));
  writeFileSync(files[1] ?? '', overrideFile(services));
  return files;
}

/** User and system CPU milliseconds of a program, its start included: the least of some runs. */
function programCpuMs(words: readonly string[], runs: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs; run += 1) {
    const timed = spawnSync('bash', ['-c', 'TIMEFORMAT="cpu %U %S"; time "$@"', 'bash', ...words], {
      encoding: 'utf8',
      maxBuffer: 1e9,
      env: { ...process.env, LC_ALL: 'C' },
    });
    if (timed.status !== 0) throw new Error(`${words.join(' ')} failed: ${timed.stderr.slice(0, 2_000)}`);
    const [, user, system] = /cpu ([\d.]+) ([\d.]+)/.exec(timed.stderr) ?? [];
    least = Math.min(least, (Number(user) + Number(system)) * 1_000);
  }
  return least;
}

/** CPU milliseconds of a load in this process, which has loaded before: the least of some runs. */
async function loadCpuMs(files: readonly string[], runs: number): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs; run += 1) {
    const before = process.cpuUsage();
    const project = await loadProject({
      files,
      profiles: [],
      envFiles: [],
      environment: {},
      workingDir: folder,
      projectName: 'bench',
    });
    resolveStack(project, {});
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1_000);
  }
  return least;
}

console.log(`Node ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'}, CPU time in milliseconds\n`);

/** The program as it is installed: compiled, so that no types are to be stripped at its start. */
function compiledProgram(): string {
  const root = join(import.meta.dirname, '..');
  const output = join(folder, 'installed');
  mkdirSync(output);
  symlinkSync(join(root, 'node_modules'), join(output, 'node_modules'));
  copyFileSync(join(root, 'package.json'), join(output, 'package.json'));
  const compiler = join(root, 'node_modules/.bin/tsc');
  spawnSync(compiler, ['-p', join(root, 'tsconfig.build.json'), '--outDir', join(output, 'dist')]);
  return join(output, 'dist/main.js');
}

const files = writeProject(500).flatMap((file) => ['-f', file]);
const words = [...files, 'config', '-q'];
const reference =
  findProgram('docker-compose') === undefined ? undefined : programCpuMs(['docker-compose', ...words], 2);
const rows: readonly (readonly [system: string, cpuMs: number])[] = [
  ['tenfold config, as installed', programCpuMs([process.execPath, compiledProgram(), ...words], 3)],
  [
    'tenfold config, from source',
    programCpuMs([process.execPath, join(import.meta.dirname, '../src/main.ts'), ...words], 3),
  ],
];
console.log(
  '| 500 services with an override, program start included | CPU ms | docker-compose costs |\n|---|--:|--:|',
);
for (const [system, cpuMs] of rows) {
  const ratio = reference === undefined ? '' : `${(reference / cpuMs).toFixed(1)} times as much`;
  console.log(`| ${system} | ${cpuMs.toFixed(0)} | ${ratio} |`);
}
console.log(`| docker-compose config | ${reference?.toFixed(0) ?? 'not installed'} | |`);

console.log('\n| services | CPU ms of a load | per service |\n|--:|--:|--:|');
await loadCpuMs(writeProject(50), 10);
for (const services of [50, 200, 500, 1_000, 2_000, 5_000]) {
  const cpuMs = await loadCpuMs(writeProject(services), services > 1_000 ? 3 : 5);
  console.log(`| ${services} | ${cpuMs.toFixed(0)} | ${(cpuMs / services).toFixed(3)} |`);
}
