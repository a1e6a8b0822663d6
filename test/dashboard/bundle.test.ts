import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { bundleApplication } from '../../src/dashboard/bundle.ts';

const budgetBytes = 150 * 1024;

test('all that a browser loads is at most 150 KB compressed, and names no other host', async () => {
  const assets = await bundleApplication();
  const bytes = assets.reduce((sum, { body }) => sum + gzipSync(body).length, 0);
  assert.ok(bytes <= budgetBytes, `${bytes} bytes`);
  for (const { name, body } of assets) {
    const text = body.toString().replaceAll('http://www.w3.org/', '');
    const loaded = text.match(/(?:src|href|url|import|from)\s*[=(]\s*["']?https?:\/\/[^"')\s]+/g);
    assert.equal(loaded, null, name);
  }
});

test('the page runs no script and has no style of its own text, as its content security policy demands', async () => {
  const page = (await bundleApplication()).find(({ name }) => name === 'index.html')?.body.toString() ?? '';
  assert.match(page, /<script type="module" src="app.js"><\/script>/);
  assert.doesNotMatch(page, /<style|style=|\son\w+=|<script(?![^>]*\ssrc=)/);
});
