import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { resolveCommand } from '../../src/prove/change/resolve-command.ts';
import { isTenfoldError } from '../../src/shared/errors.ts';
import { temporaryFolder } from '../helpers/temporary.ts';

const own = {
  file: '/bin/node',
  args: ['main.ts'],
  globals: ['--project-name', 'demo'],
  verbs: ['up', 'scale', 'kill', 'exec', 'prove'],
};
const nowhere = { environment: { PATH: '/nonexistent' }, workingDir: '/nonexistent' };

describe('words of a command', () => {
  const table = [
    [
      'scale web=5',
      'tenfold scale web=5',
      ['main.ts', '--project-name', 'demo', '--json', 'scale', 'web=5'],
      'messages',
    ],
    [
      'tenfold scale web=5',
      'tenfold scale web=5',
      ['main.ts', '--project-name', 'demo', '--json', 'scale', 'web=5'],
      'messages',
    ],
    [
      'up --force-recreate',
      'tenfold up --force-recreate',
      ['main.ts', '--project-name', 'demo', '--json', 'up', '--force-recreate', '--detach'],
      'messages',
    ],
    ['up -d', 'tenfold up -d', ['main.ts', '--project-name', 'demo', '--json', 'up', '-d'], 'messages'],
    [
      'tenfold --profile all up',
      'tenfold --profile all up',
      ['main.ts', '--project-name', 'demo', '--json', '--profile', 'all', 'up', '--detach'],
      'messages',
    ],
    [
      'exec web ls',
      'tenfold exec web ls',
      ['main.ts', '--project-name', 'demo', 'exec', 'web', 'ls'],
      'text',
    ],
  ] as const;
  for (const [words, text, args, stdout] of table) {
    test(`\`${words}\` runs ${text}`, async () => {
      assert.deepEqual(await resolveCommand(words.split(' '), own, nowhere), {
        text,
        file: '/bin/node',
        args,
        stdout,
      });
    });
  }

  test('a program is found in PATH and by its path, and must be one that can be run', async () => {
    await using folder = await temporaryFolder();
    const bin = join(folder.path, 'bin');
    await mkdir(join(bin, 'folder'), { recursive: true });
    await writeFile(join(bin, 'change'), '');
    await writeFile(join(bin, 'text'), '');
    await chmod(join(bin, 'change'), 0o755);
    await chmod(join(bin, 'text'), 0o644);
    const surroundings = { environment: { PATH: `/nonexistent:${bin}` }, workingDir: folder.path };
    for (const word of ['change', './bin/change', join(bin, 'change')]) {
      const { file, args } = await resolveCommand([word, '-x'], own, surroundings);
      assert.deepEqual([file, args], [join(bin, 'change'), ['-x']], word);
    }
    for (const word of ['text', 'folder', './bin/text', 'chnage'])
      await assert.rejects(
        resolveCommand([word], own, surroundings),
        (thrown) => isTenfoldError(thrown, 'command-not-found') && thrown.message.includes(word),
        word,
      );
  });

  for (const words of [
    [],
    ['tenfold'],
    ['prove', 'true'],
    ['tenfold', 'prove'],
    ['tenfold', '-p', 'x', 'prove'],
  ]) {
    test(`\`${words.join(' ')}\` is refused`, async () => {
      await assert.rejects(resolveCommand(words, own, nowhere), (thrown) => isTenfoldError(thrown, 'usage'));
    });
  }
});
