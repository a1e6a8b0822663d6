import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../shared/errors.ts';

/** How each system opens a page; the first that starts is taken. */
const openers: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  darwin: ['open'],
  linux: ['xdg-open', 'wslview', 'sensible-browser'],
};

/**
 * Opens a link in the user's browser; says why that could not be done. The link goes by way of a page that only its owner can
 * read, because every user of the machine can read a command line.
 */
export async function openInBrowser(link: string, directory: string): Promise<string | undefined> {
  const path = join(directory, 'open-dashboard.html');
  const page = `<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=${link}"><a href="${link}">Dashboard</a>\n`;
  try {
    await writeFile(path, page, { mode: 0o600 });
  } catch (thrown) {
    return messageOf(thrown);
  }
  const candidates = openers[process.platform] ?? [];
  for (const command of candidates) if (await starts(command, path)) return undefined;
  return candidates.length === 0
    ? `how is not known on ${process.platform}`
    : `none of ${candidates.join(', ')}`;
}

function starts(command: string, path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const child = spawn(command, [path], { detached: true, stdio: 'ignore' });
  child.once('error', () => resolve(false));
  child.once('spawn', () => resolve(true));
  child.unref();
  return promise;
}
