import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { visibilityPolicy } from '../../src/compose/stack/visibility.ts';

describe('what a service writes down of its requests', () => {
  test('is nothing unless the file asks for it', () => {
    assert.deepEqual(visibilityPolicy({}, '/project'), {});
  });

  test('is every request in a file of ours when no more is said', () => {
    assert.deepEqual(visibilityPolicy({ access_log: {}, tracing: {} }, '/project'), {
      accessLog: { path: undefined, sample: 1, maxBytes: 64 << 20, files: 3 },
      tracing: { endpoint: undefined, sample: 1 },
    });
  });

  test('has paths from the project folder', () => {
    const log = { path: 'log/web.jsonl', sample: 0.1, max_size: '1000', files: 0 };
    assert.deepEqual(visibilityPolicy({ access_log: log }, '/project').accessLog, {
      path: '/project/log/web.jsonl',
      sample: 0.1,
      maxBytes: 1_000,
      files: 0,
    });
  });
});
