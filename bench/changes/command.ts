import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

export interface CommandOptions {
  readonly cwd: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Runs a command to its end and returns what it printed; throws with all of that when it fails. */
export async function runCommand(
  [program = '', ...words]: readonly string[],
  { cwd, environment = {} }: CommandOptions,
): Promise<string> {
  try {
    const env = { ...process.env, ...environment };
    const { stdout } = await execute(program, words, { cwd, env, timeout: 180_000, maxBuffer: 1 << 26 });
    return stdout;
  } catch (thrown) {
    const said = thrown instanceof Error && 'stderr' in thrown ? String(thrown.stderr) : '';
    throw new Error(`${program} ${words.join(' ')} failed: ${said}`, { cause: thrown });
  }
}
