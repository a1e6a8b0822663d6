import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../../test/helpers/free-port.ts';
import { type ChangedSystem, replicas } from '../changed-system.ts';
import { runCommand } from '../command.ts';

const appFile = join(import.meta.dirname, '../app.mjs');

/** PM2's cluster mode, which shares one listening socket among Node processes. */
export function pm2(version: string): ChangedSystem {
  return {
    name: `PM2 ${version} reload`,
    description: `pm2 reload, cluster mode, ${replicas} instances, wait_ready`,
    missing: () =>
      runCommand(['npm', 'view', `pm2@${version}`, 'version'], { cwd: '/' }).then(
        () => undefined,
        () => 'PM2 cannot be installed: no package registry answers',
      ),
    async start(folder) {
      const port = await freePort();
      await writeFile(join(folder, 'package.json'), '{"private": true}');
      await runCommand(['npm', 'install', '--no-audit', '--no-fund', `pm2@${version}`], { cwd: folder });
      const file = join(folder, 'ecosystem.config.cjs');
      const write = (release: string): Promise<void> => {
        const app = {
          name: 'app',
          script: appFile,
          exec_mode: 'cluster',
          instances: replicas,
          wait_ready: true,
          listen_timeout: 10_000,
          kill_timeout: 5_000,
          env: { RELEASE: release, PORT: String(port), HOST: '127.0.0.1' },
        };
        return writeFile(file, `module.exports = ${JSON.stringify({ apps: [app] })};\n`);
      };
      const environment = { PM2_HOME: join(folder, 'pm2') };
      const run = (...words: readonly string[]): Promise<string> =>
        runCommand([join(folder, 'node_modules/.bin/pm2'), ...words], { cwd: folder, environment });
      await write('1');
      await run('start', file);
      return {
        url: `http://127.0.0.1:${port}/`,
        async change(release) {
          await write(release);
          await run('reload', file, '--update-env');
        },
        async [Symbol.asyncDispose]() {
          await run('kill');
        },
      };
    },
  };
}
