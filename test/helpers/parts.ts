import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';

/** A real part that a test needs and a fresh machine may lack. */
export type Part = 'docker' | 'haproxy' | 'nginx' | 'redis' | 'prometheus' | 'chromium' | 'compose-cases';

const required = new Set((process.env['TENFOLD_TEST_REQUIRE'] ?? '').split(',').filter(Boolean));

/** Folder of the reference loader's recorded cases, which live beside the project and are never copied into it. */
export const composeCasesDir = join(import.meta.dirname, '../../../shared/compose-cases');

/** Path of a program on PATH or in the system folders, or undefined. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once('connect', () => (socket.destroy(), resolve(true)));
    socket.once('error', () => resolve(false));
  });
}

async function missing(part: Part): Promise<string | undefined> {
  switch (part) {
    case 'docker': {
      const host = process.env['DOCKER_HOST']?.replace(/^unix:\/\//, '') ?? '/var/run/docker.sock';
      return (await answers(host)) ? undefined : `no Docker engine answers at ${host}`;
    }
    case 'haproxy':
    case 'nginx':
    case 'chromium':
    case 'prometheus':
      return findProgram(part) === undefined ? `${part} is not installed` : undefined;
    case 'redis':
      return findProgram('redis-server') === undefined ? 'redis-server is not installed' : undefined;
    case 'compose-cases':
      return existsSync(composeCasesDir) ? undefined : 'no ../shared/compose-cases beside the project';
  }
}

/**
 * The `skip` option of a test that needs a part: false when it is there, else the reason that is printed.
 * Throws when TENFOLD_TEST_REQUIRE names the part, because there a skip would hide a failure.
 */
export async function skipWithout(part: Part): Promise<string | false> {
  const reason = await missing(part);
  if (reason === undefined) return false;
  if (required.has(part)) throw new Error(`TENFOLD_TEST_REQUIRE names ${part}, and ${reason}`);
  return `needs ${part}: ${reason}`;
}
