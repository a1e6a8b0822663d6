import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { freePort } from '../helpers/free-port.ts';
import { skipWithout } from '../helpers/parts.ts';
import { withHome, type TestHome } from '../helpers/tenfold.ts';
import { TestBrowser } from './browser.ts';
import { writeWebStack } from '../scenarios/web-stack.ts';

/** The link that the command prints. */
async function dashboardLink(home: TestHome): Promise<string> {
  const { stdout } = await home.succeed(['dashboard', '--json']);
  const printed: unknown = JSON.parse(stdout);
  assert.ok(typeof printed === 'object' && printed !== null && 'url' in printed);
  return String(printed.url);
}

describe('the dashboard of a real daemon', { skip: await skipWithout('chromium') }, () => {
  let browser: TestBrowser;
  before(async () => {
    browser = await TestBrowser.launch();
  });
  after(() => browser[Symbol.asyncDispose]());

  const agree = async (page: Page, verb: string): Promise<void> => {
    const button = page.getByRole('dialog').getByRole('button', { name: verb, exact: true });
    await button.click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  };

  /** What the page says of the change that was asked for, once it has ended. */
  const outcome = async (page: Page): Promise<string> => {
    const card = page.getByRole('article').last();
    await card.getByRole('button', { name: 'Dismiss' }).waitFor({ timeout: 30_000 });
    return (await card.textContent()) ?? '';
  };

  test('a change of the file is deployed and undone by clicks, under load, and no request fails', () =>
    withHome(async (home) => {
      const pace = { parallelism: 2, monitor: '100ms' };
      const deploy = { replicas: 2, update_config: pace, rollback_config: pace };
      const stack = await writeWebStack(home, { runtime: 'process', replicas: 2, service: { deploy } });
      const environment = { TENFOLD_ADMIN: String(await freePort()) };
      await home.succeed(['up', '-d'], { environment });
      const before = (await stack.service()).revision;
      const page = await browser.open(await dashboardLink(home));
      await page.getByRole('rowheader').getByRole('link', { name: 'web', exact: true }).waitFor();
      await page.getByRole('link', { name: stack.name }).first().click();

      await using load = stack.load();
      const file = join(home.projectDir, 'compose.yaml');
      await writeFile(
        file,
        (await readFile(file, 'utf8')).replace('"environment": {', '"environment": {\n"NEW": "1",'),
      );
      await page.getByRole('button', { name: 'Deploy…' }).click();
      await page
        .getByRole('dialog')
        .getByText(/2 replicas start/)
        .waitFor();
      await agree(page, 'Deploy');
      assert.match(await outcome(page), /none failed/);
      const deployed = (await stack.service()).revision;
      assert.notEqual(deployed, before);

      await page.getByRole('button', { name: 'Dismiss' }).click();
      await page.getByRole('rowheader').getByRole('link', { name: 'web', exact: true }).click();
      await page.getByRole('table', { name: 'Revisions of web, newest first' }).waitFor();
      await page.getByRole('button', { name: 'Undo…' }).click();
      await agree(page, 'Go back');
      assert.match(await outcome(page), /none failed/);
      assert.equal((await stack.service()).revision, before);

      const result = await load.stop();
      assert.equal(result.failed.length, 0);
      assert.deepEqual(browser.complaints, []);
    }));
});
