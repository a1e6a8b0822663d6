import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { folderWith, loadFolder, loadText, refusals } from './helpers/load-text.ts';

async function refusal(text: string): Promise<string> {
  const [error] = await refusals(loadText(text));
  return error?.message ?? '';
}

/** Each line is nine of the line before it. */
function bomb(line: (level: number) => string, first: string, levels: number): string {
  const lines = Array.from({ length: levels }, (_, index) => line(index + 1));
  return `${first}\n${lines.join('\n')}\nservices: {a: {image: b}}\n`;
}

describe('a hostile file is refused', { timeout: 300_000 }, () => {
  test('when its aliases stand for billions of values', async () => {
    const list = bomb(
      (level) =>
        `x-${level}: &a${level} [${Array(9)
          .fill(`*a${level - 1}`)
          .join(',')}]`,
      'x-0: &a0 [x]',
      20,
    );
    assert.match(await refusal(list), /exceeds the limit on what aliases may stand for/);
    const merge = bomb(
      (level) => `x-${level}: &a${level} {<<: [*a${level - 1}, *a${level - 1}], k${level}: 1}`,
      'x-0: &a0 {k: 1}',
      60,
    );
    assert.match(await refusal(merge), /exceeds the limit on what aliases may stand for/);
  });

  test('when an alias stands inside its own anchor', async () => {
    assert.match(await refusal('services: &s\n  a: *s\n'), /cycle detected: anchor 's'/);
  });

  test('when it is nested deeper than any stack', async () => {
    for (const depth of [300, 20_000]) {
      const text = `x-a: ${'['.repeat(depth)}${']'.repeat(depth)}\nservices: {a: {image: b}}\n`;
      assert.match(await refusal(text), /nested too deeply/);
    }
    const block = Array.from({ length: 2_000 }, (_, level) => `${' '.repeat(level)}a:`).join('\n');
    assert.match(await refusal(block), /nested too deeply/);
  });

  test('when it is no UTF-8, or has control characters in it', async () => {
    const folder = folderWith({ 'compose.yaml': new Uint8Array([0x61, 0x3a, 0x20, 0x62, 0x0a, 0xff, 0xfe]) });
    const [error] = await refusals(loadFolder(folder));
    assert.equal(error?.code, 'file-unreadable');
    assert.match(error.message, /is not UTF-8: invalid byte at offset 5/);
    assert.equal(error.where?.line, 2);
    assert.match(await refusal('services: {a: {image: "b\u0000"}}'), /control characters are not allowed/);
  });

  test('when it is broken in long lines, without looking at them for long', async () => {
    const text = `services:\n  a: [\n${' '.repeat(200_000)}x${' :'.repeat(100_000)}\n  b: - c\n`;
    assert.match(await refusal(text), /^failed to parse|errors in/);
  });

  test('when its symbolic links lead in a circle, or it is a folder', async () => {
    const folder = folderWith({ 'folder/x': '' });
    symlinkSync('loop.yaml', join(folder, 'loop.yaml'));
    for (const file of ['loop.yaml', 'folder']) {
      const [error] = await refusals(loadFolder(folder, { files: [file] }));
      assert.equal(error?.code, 'file-unreadable');
    }
  });

  test('when its keys are meant to reach the program itself', async () => {
    assert.match(
      await refusal('__proto__: {polluted: yes}\nservices: {a: {image: b}}\n'),
      /'__proto__' is not allowed/,
    );
    const { services } = await loadText(
      'services: {constructor: {image: a, labels: {__proto__: x}, depends_on: [__proto__]}, __proto__: {image: b}}',
    );
    assert.deepEqual(Object.keys(services).sort(), ['__proto__', 'constructor']);
    assert.equal(Object.getOwnPropertyDescriptor({}, 'polluted'), undefined);
  });
});

describe('a large file is loaded in bounded time', { timeout: 300_000 }, () => {
  test('with 100,000 lines', async () => {
    const lines = Array.from({ length: 100_000 }, (_, index) => `      KEY${index}: value`).join('\n');
    const { services } = await loadText(`services:\n  a:\n    image: b\n    environment:\n${lines}\n`);
    assert.equal(Object.keys(services['a']?.environment ?? {}).length, 100_000);
  });

  test('with a chain of 3,000 services, by dependency and by extension', async () => {
    const chain = (line: (index: number) => string) =>
      `services:\n${Array.from({ length: 3_000 }, (_, index) => line(index)).join('\n')}\n`;
    const last = 2_999;
    const depending = await loadText(
      chain((index) => `  s${index}: {image: a${index < last ? `, depends_on: [s${index + 1}]` : ''}}`),
    );
    assert.equal(Object.keys(depending.services).length, 3_000);
    const extending = await loadText(
      chain((index) => `  s${index}: {${index < last ? `extends: s${index + 1}` : 'image: a'}}`),
    );
    assert.equal(extending.services['s0']?.image, 'a');
  });
});
