import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { composeCasesDir } from '../../helpers/parts.ts';

/** The cases of one recorded file. */
export function readCases<Case>(file: string): Case[] {
  return JSON.parse(readFileSync(join(composeCasesDir, file), 'utf8'));
}

/** A case with its path tokens replaced: `/FIX` by the recorded fixtures, `/WORK` by a folder of its own. */
export function placeCase<Case>(recorded: Case, workDir: string): Case {
  const text = JSON.stringify(recorded)
    .replaceAll('/FIX', join(composeCasesDir, 'fixtures'))
    .replaceAll('/WORK', workDir);
  return JSON.parse(text);
}

/** Runs something in a folder that holds the files, and removes the folder. */
export function withWorkDir<Result>(run: (workDir: string) => Result): Result {
  const workDir = mkdtempSync(join(tmpdir(), 'tenfold-compose-'));
  try {
    return run(workDir);
  } finally {
    rmSync(workDir, { recursive: true, force: true });
  }
}

export function writeFiles(files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
}
