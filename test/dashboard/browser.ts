import axe from 'axe-core';
import { chromium, type Browser, type Page } from 'playwright-core';
import { findProgram, skipWithout } from '../helpers/parts.ts';

/** The `skip` option of tests that need a real browser. */
export const skipWithoutBrowser = await skipWithout('chromium');

export interface Look {
  readonly width?: number;
  readonly colours?: 'light' | 'dark';
}

/** A browser of its own; each page of it knows no cookies yet. */
export class TestBrowser implements AsyncDisposable {
  readonly #browser: Browser;
  /** What the pages complained of on their console. */
  readonly complaints: string[] = [];
  readonly #uncaught: string[] = [];

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  static async launch(): Promise<TestBrowser> {
    const executablePath = findProgram('chromium');
    if (executablePath === undefined) throw new Error('chromium is not installed');
    const args = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];
    return new TestBrowser(await chromium.launch({ executablePath, args }));
  }

  async open(url: string, { width = 1280, colours = 'light' }: Look = {}): Promise<Page> {
    const context = await this.#browser.newContext({
      viewport: { width, height: 900 },
      colorScheme: colours,
      reducedMotion: 'reduce',
    });
    context.setDefaultTimeout(10_000);
    const page = await context.newPage();
    page.on('pageerror', (error) => this.#uncaught.push(error.stack ?? error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text());
    });
    await page.goto(url);
    return page;
  }

  /** Ends every page, so that none looks for a daemon that has ended. Throws what no page caught. */
  async closePages(): Promise<void> {
    await Promise.all(this.#browser.contexts().map((context) => context.close()));
    const complaints = this.complaints.splice(0);
    const uncaught = this.#uncaught.splice(0);
    if (uncaught.length > 0) throw new Error([...uncaught, ...complaints].join('\n'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}

/** Serious and critical faults of the page that axe-core finds, a line each. */
export async function accessFaults(page: Page): Promise<readonly string[]> {
  // By the debugger and not as a script of the page, which its content security policy rightly forbids.
  await page.evaluate(axe.source);
  const violations = await page.evaluate<readonly Violation[]>(
    `axe.run({ resultTypes: ['violations'] }).then(({ violations }) => violations.map(({ id, impact, nodes }) =>
      ({ id, impact, targets: nodes.map(({ target }) => target.join(' ')) })))`,
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, impact, targets }) => `${impact}: ${id}: ${targets.join(', ')}`);
}

interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly targets: readonly string[];
}

/** How far the page is wider than its window, pixels. */
export function overflowOf(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');
}
