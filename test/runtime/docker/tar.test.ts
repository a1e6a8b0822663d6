import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { lstat, readFile, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { tarOf } from '../../../src/runtime/docker/engine/tar.ts';
import type { TarEntry } from '../../../src/runtime/docker/engine/tar.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

const run = promisify(execFile);

describe('an archive', () => {
  test('is read by tar as it was written: names long and foreign, modes, links, contents', async () => {
    await using folder = await temporaryFolder();
    const long = `${'d'.repeat(80)}/${'f'.repeat(90)}`;
    const entries: readonly [TarEntry, string][] = [
      [{ name: 'folder', kind: 'directory', mode: 0o750 }, ''],
      [{ name: 'folder/file', kind: 'file', mode: 0o640, modifiedAt: 1_700_000_000.5 }, 'content'],
      [{ name: 'empty', kind: 'file', mode: 0o600 }, ''],
      [{ name: 'exact', kind: 'file', mode: 0o600 }, 'x'.repeat(512)],
      [{ name: 'grüße', kind: 'file', mode: 0o644 }, 'ü'],
      [{ name: long, kind: 'file', mode: 0o644 }, 'deep'],
      [{ name: 'short-link', kind: 'symlink', mode: 0o777, linkName: 'folder/file' }, ''],
      [{ name: 'long-link', kind: 'symlink', mode: 0o777, linkName: long }, ''],
    ];
    const archive = tarOf(entries.map(([entry, text]) => ({ entry, content: Buffer.from(text) })));
    const file = join(folder.path, 'archive.tar');
    await writeFile(file, archive);
    await run('tar', ['-xf', file, '-C', folder.path]);
    for (const [{ name, kind, mode, linkName }, text] of entries) {
      const path = join(folder.path, name);
      const status = await lstat(path);
      if (kind === 'symlink') assert.equal(await readlink(path), linkName);
      else assert.equal(status.mode & 0o777, mode, name);
      if (kind === 'file') assert.equal(await readFile(path, 'utf8'), text);
    }
    const { mtimeMs } = await lstat(join(folder.path, 'folder/file'));
    assert.equal(mtimeMs, 1_700_000_000_000);
  });
});
