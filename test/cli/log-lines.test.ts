import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LogRenderer } from '../../src/cli/render/render-log-line.ts';
import { formatFields, parseJsonLine, readLogRecord } from '../../src/cli/render/log-record.ts';
import { plainStyle } from '../../src/cli/render/style.ts';

const line = {
  service: 'web',
  instance: 'web-1',
  revision: 'abcdef0123456789',
  stream: 'stderr',
  time: Date.UTC(2026, 0, 2, 3, 4, 5),
  text: '{"level":"warn","msg":"slow","ms":12,"who":"a b"}',
} as const;

describe('a line of JSON', () => {
  test('is told from other text', () => {
    assert.deepEqual(parseJsonLine(' {"a":1} '), { a: 1 });
    for (const text of ['plain', '{torn', '[1]', '"text"', '{"a":1} more'])
      assert.equal(parseJsonLine(text), undefined);
  });

  test('has level and message under the names that loggers use', () => {
    for (const object of [
      { level: 'WARN', msg: 'slow', time: 1, ms: 12 },
      { level: 40, message: 'slow', ms: 12 },
      { severity: 'warn', event: 'slow', '@timestamp': 'now', ms: 12 },
    ])
      assert.deepEqual(readLogRecord(object), { level: 'warn', message: 'slow', fields: { ms: 12 } });
    assert.equal(readLogRecord({ level: 'info', count: 3 }), undefined);
    assert.equal(formatFields({ ms: 12, who: 'a b', path: '/x' }), 'ms=12 who="a b" path=/x');
  });

  test('is shown to a person as level, message and fields, and to others as it came', () => {
    const format = { hasPrefix: true, hasTimestamp: false };
    assert.equal(
      new LogRenderer(plainStyle, { ...format, isParsed: true }).render(line),
      'web-1  | WARN  slow ms=12 who="a b"',
    );
    assert.equal(new LogRenderer(plainStyle, format).render(line), `web-1  | ${line.text}`);
  });

  test('comes with time, revision and stream when all of it is asked for', () => {
    const renderer = new LogRenderer(plainStyle, { hasPrefix: true, hasTimestamp: true, isLong: true });
    assert.equal(renderer.render(line), `web-1  | 2026-01-02T03:04:05.000Z abcdef01 stderr ${line.text}`);
  });
});
