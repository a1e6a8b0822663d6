import { basename, dirname, resolve } from 'node:path';
import { LoadSession, type ConfigFile } from './combine/session.ts';
import { absolutePath, discoverFiles, filesFromEnvironment } from './discover-files.ts';
import { isFile, readEnvFiles } from './environment/env-files.ts';
import type { LoadOptions } from './load-options.ts';
import { assembleProject } from './project/assemble-project.ts';
import { checkName, normalizeName } from './project/project-name.ts';
import type { Project } from './project.ts';
import { decodeText, readTextFile } from './read/read-text-file.ts';
import { maxFileBytes } from './read/source-document.ts';

export type { LoadOptions } from './load-options.ts';

/**
 * Loads a compose project as docker compose would: finds the files, reads the env files, and runs every phase that
 * PHASES.md lists. Throws a `TenfoldError` with file, line and column, which lists every fault that was found.
 */
export async function loadProject(options: LoadOptions): Promise<Project> {
  const session = new LoadSession();
  const environment = new Map<string, string>();
  for (const [key, value] of Object.entries(options.environment))
    if (value !== undefined) environment.set(key, value);
  if (!environment.has('PWD')) environment.set('PWD', options.workingDir);

  const files = locateFiles(options, environment, session.warn);
  const workingDir = projectDirectory(options, files);
  addEnvFiles(options, workingDir, environment);

  const fixedName = options.projectName || environment.get('COMPOSE_PROJECT_NAME') || '';
  if (fixedName !== '') checkName(fixedName);
  return assembleProject(
    {
      files: await readFiles(files, options),
      workingDir,
      environment,
      name: fixedName === '' ? normalizeName(basename(workingDir)) : fixedName,
      isNameFixed: fixedName !== '',
      profiles: options.profiles.length > 0 ? options.profiles : profilesFrom(environment),
      selectedServices: options.services ?? [],
      phases: {
        interpolates: options.interpolate ?? true,
        normalizes: options.normalize ?? true,
        resolvesPaths: options.resolvePaths ?? true,
        checksConsistency: options.checkConsistency ?? true,
        resolvesEnvironment: options.resolveEnvironment ?? true,
        binds: options.interpolate ?? true,
        discardsEnvFiles: true,
        validates: true,
        followsIncludes: true,
        followsExtends: true,
        setsDefaults: true,
        prunesResources: !(options.keepUnusedResources ?? false),
      },
    },
    session,
  );
}

function locateFiles(
  options: LoadOptions,
  environment: Map<string, string>,
  warn: (message: string) => void,
): readonly string[] {
  const { files, workingDir } = options;
  if (files.length > 0) return files.map((file) => absolutePath(file, workingDir));
  // COMPOSE_FILE may itself come from the .env file beside which tenfold was started.
  const folder = projectDirectory(options, []);
  addEnvFiles(options, folder, environment);
  const named = filesFromEnvironment(environment, workingDir);
  return named.length > 0 ? named : discoverFiles(folder, warn);
}

function projectDirectory(
  { projectDirectory: given, workingDir }: LoadOptions,
  files: readonly string[],
): string {
  if (given !== undefined && given !== '') return resolve(workingDir, given);
  const first = files.find((file) => file !== '-');
  return first === undefined ? workingDir : dirname(first);
}

/** Adds the variables of env files; what is set already stays. */
function addEnvFiles(options: LoadOptions, folder: string, environment: Map<string, string>): void {
  const fromEnvironment = environment.get('COMPOSE_ENV_FILES')?.split(',').filter(Boolean) ?? [];
  let files = options.envFiles.length > 0 ? options.envFiles : fromEnvironment;
  const isDisabled = /^(?:1|t|true)$/i.test(environment.get('COMPOSE_DISABLE_ENV_FILE') ?? '');
  if (files.length === 0 && !isDisabled && isFile(resolve(folder, '.env'))) files = [resolve(folder, '.env')];
  const variables = readEnvFiles(files, (name) => environment.get(name), options.workingDir);
  for (const [key, value] of variables) if (!environment.has(key)) environment.set(key, value);
}

function profilesFrom(environment: ReadonlyMap<string, string>): string[] {
  const list = environment.get('COMPOSE_PROFILES') ?? '';
  return list
    .split(',')
    .map((profile) => profile.trim())
    .filter(Boolean);
}

async function readFiles(files: readonly string[], options: LoadOptions): Promise<ConfigFile[]> {
  const read: ConfigFile[] = [];
  for (const filename of files) {
    const isStdin = filename === '-';
    const content = isStdin ? (options.stdin ?? (await readStdin())) : readTextFile(filename, 'compose file');
    read.push({ filename, content });
  }
  return read;
}

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin) {
    const bytes = Buffer.from(chunk);
    chunks.push(bytes);
    length += bytes.length;
    // One byte too many is enough to refuse it: the writer may never end.
    if (length > maxFileBytes) break;
  }
  return decodeText(Buffer.concat(chunks), 'standard input');
}
