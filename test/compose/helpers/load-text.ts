import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after } from 'node:test';
import { loadProject, type LoadOptions } from '../../../src/compose/load-project.ts';
import type { Project } from '../../../src/compose/project.ts';
import { TenfoldError } from '../../../src/shared/errors.ts';

/** A folder with these files, removed when the test file ends. */
export function folderWith(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'tenfold-compose-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

/** Loads the compose file of a folder, as a command started there would. */
export function loadFolder(folder: string, options: Partial<LoadOptions> = {}): Promise<Project> {
  return loadProject({
    files: [],
    profiles: [],
    envFiles: [],
    environment: {},
    workingDir: folder,
    ...options,
  });
}

/** Loads a compose file given as text, in a project named `demo`. */
export function loadText(text: string, options: Partial<LoadOptions> = {}): Promise<Project> {
  return loadFolder('/', { files: ['-'], stdin: text, projectName: 'demo', ...options });
}

/** The errors, one by one, with which a load is refused. */
export async function refusals(load: Promise<unknown>): Promise<readonly TenfoldError[]> {
  try {
    await load;
  } catch (thrown) {
    if (!(thrown instanceof TenfoldError)) throw thrown;
    return thrown.errors.length > 0 ? thrown.errors : [thrown];
  }
  throw new Error('the load was not refused');
}
