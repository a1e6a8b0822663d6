import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../../test/helpers/free-port.ts';
import { skipWithout } from '../../../test/helpers/parts.ts';
import { nodeImage } from '../../../test/helpers/docker/test-image.ts';
import { type ChangedSystem, replicas } from '../changed-system.ts';
import { runCommand } from '../command.ts';

const mainFile = join(import.meta.dirname, '../../../src/main.ts');
const appFile = join(import.meta.dirname, '../app.mjs');

type Runtime = 'processes' | 'Docker';

async function serviceOn(runtime: Runtime, release: string): Promise<object> {
  const environment = { RELEASE: release, HOST: runtime === 'Docker' ? '0.0.0.0' : '127.0.0.1' };
  if (runtime === 'processes') return { command: [process.execPath, appFile], environment };
  const volumes = [`${appFile}:/app.mjs:ro`];
  const command = ['node', '/app.mjs'];
  return { image: await nodeImage(), command, volumes, environment: { ...environment, PORT: '3000' } };
}

/** `tenfold up` on a changed file, with nothing in the file that Compose does not know. */
export function tenfold(runtime: Runtime): ChangedSystem {
  return {
    name: `tenfold, ${runtime}`,
    description: 'tenfold up -d, on the changed file',
    missing: async () => (runtime === 'Docker' ? (await skipWithout('docker')) || undefined : undefined),
    async start(folder) {
      const port = await freePort();
      const file = join(folder, 'compose.yaml');
      const write = async (release: string): Promise<void> => {
        const service = {
          ...(await serviceOn(runtime, release)),
          ports: [`127.0.0.1:${port}:3000`],
          deploy: { replicas },
        };
        const name = `bench-tenfold-${process.pid}`;
        await writeFile(file, JSON.stringify({ name, services: { app: service } }));
      };
      const environment = { TENFOLD_HOME: join(folder, 'home') };
      const run = (...words: readonly string[]): Promise<string> =>
        runCommand([process.execPath, mainFile, '-f', file, ...words], { cwd: folder, environment });
      await write('1');
      await run('up', '-d');
      return {
        url: `http://127.0.0.1:${port}/`,
        async change(release) {
          await write(release);
          await run('up', '-d');
        },
        async [Symbol.asyncDispose]() {
          await run('down');
        },
      };
    },
  };
}
