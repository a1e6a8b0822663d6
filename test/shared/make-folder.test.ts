import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { makeFolder } from '../../src/shared/make-folder.ts';

describe('making a folder', () => {
  test('makes those above it too, for their owner alone, and is content with what is there', () => {
    const root = mkdtempSync(join(tmpdir(), 'tenfold-folder-'));
    try {
      const path = join(root, 'a', 'b', 'c');
      makeFolder(path);
      makeFolder(path);
      assert.equal(statSync(join(root, 'a')).mode & 0o777, 0o700);
      writeFileSync(join(root, 'file'), '');
      assert.throws(() => makeFolder(join(root, 'file', 'below')), { code: 'ENOTDIR' });
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  test(
    'ends with an error where the kernel makes no folders',
    { skip: existsSync('/proc/self') ? false : 'no /proc' },
    () => {
      assert.throws(() => makeFolder('/proc/tenfold/home'), { code: 'ENOENT' });
    },
  );
});
