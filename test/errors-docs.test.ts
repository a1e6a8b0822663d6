import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { errorCodes } from '../src/shared/error-codes.ts';

const page = readFileSync(join(import.meta.dirname, '../docs/errors.md'), 'utf8');

/** Sections of the page: the code, its first paragraph, and the advice. */
const sections = page
  .split(/^## /m)
  .slice(1)
  .map((section) => {
    const [code = '', meaning = '', ...advice] = section.split('\n\n');
    return { code, meaning, advice: advice.join('\n\n').trim() };
  });

test('docs/errors.md has a section for every error code, in their order, and none extra', () => {
  assert.deepEqual(
    sections.map(({ code }) => code),
    Object.keys(errorCodes),
  );
});

test('each section of docs/errors.md gives the meaning and the exit code that the code has, and says what to do', () => {
  for (const { code, meaning, advice } of sections) {
    const entry = Object.entries(errorCodes).find(([name]) => name === code)?.[1];
    assert.equal(meaning.replaceAll('\n', ' '), `${entry?.meaning} Exit code ${entry?.exitCode}.`, code);
    assert.ok(advice.length > 40, `${code} says what to do about it`);
  }
});
