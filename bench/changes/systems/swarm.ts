import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../../test/helpers/free-port.ts';
import { skipWithout } from '../../../test/helpers/parts.ts';
import { nginxImage, nodeImage } from '../../../test/helpers/docker/test-image.ts';
import { type ChangedSystem, replicas } from '../changed-system.ts';
import { runCommand } from '../command.ts';
import { nginxResolving } from '../nginx-in-front.ts';

const appFile = join(import.meta.dirname, '../app.mjs');

/** A Swarm service that is updated start-first, behind an nginx that asks DNS for its tasks again every second. */
export function swarm(): ChangedSystem {
  return {
    name: 'Swarm update, dnsrr + nginx',
    description: 'docker service update --update-order start-first --update-parallelism 1',
    async missing() {
      const withoutEngine = await skipWithout('docker');
      if (withoutEngine !== false) return withoutEngine;
      const state = await runCommand(['docker', 'info', '-f', '{{.Swarm.LocalNodeState}}'], { cwd: '/' });
      // To leave a swarm that somebody uses would end their services.
      return state.trim() === 'inactive' ? undefined : 'this engine is in a swarm already';
    },
    async start(folder) {
      const port = await freePort();
      const docker = (...words: readonly (string | readonly string[])[]): Promise<string> =>
        runCommand(['docker', ...words.flat()], { cwd: folder });
      const nginxFile = join(folder, 'nginx.conf');
      await writeFile(nginxFile, nginxResolving());
      const [image, front] = [await nodeImage(), await nginxImage()];
      const networks = await docker('network', 'ls', '--format', '{{.Name}}');
      await docker('swarm', 'init', '--advertise-addr', '127.0.0.1');
      const nginxName = `bench-swarm-nginx-${process.pid}`;
      const leave = async (): Promise<void> => {
        await docker('rm', '-f', nginxName).catch(() => undefined);
        await docker('service', 'rm', 'bench_app').catch(() => undefined);
        await docker('swarm', 'leave', '--force');
        // A swarm makes it and leaves it behind.
        if (!networks.includes('docker_gwbridge'))
          await docker('network', 'rm', 'docker_gwbridge').catch(() => undefined);
      };
      try {
        await docker('network', 'create', '-d', 'overlay', '--attachable', 'bench_swarm');
        const health = ['--health-cmd', 'wget -qO- http://127.0.0.1:3000/', '--health-interval', '1s'];
        const update = ['--update-order', 'start-first', '--update-parallelism', '1'];
        const mount = `type=bind,src=${appFile},dst=/app.mjs,ro`;
        await docker(
          ['service', 'create', '--name', 'bench_app', '--network', 'bench_swarm'],
          ['--endpoint-mode', 'dnsrr', '--replicas', String(replicas), ...update, ...health],
          ['--env', 'RELEASE=1', '--env', 'PORT=3000', '--mount', mount, '--no-resolve-image'],
          [image, 'node', '/app.mjs'],
        );
        await docker(
          ['run', '-d', '--name', nginxName, '--network', 'bench_swarm', '-p', `127.0.0.1:${port}:80`],
          ['-v', `${nginxFile}:/etc/nginx/nginx.conf:ro`, front],
        );
      } catch (thrown) {
        await leave();
        throw thrown;
      }
      return {
        url: `http://127.0.0.1:${port}/`,
        async change(release) {
          const words = ['--env-add', `RELEASE=${release}`, '--no-resolve-image', '--quiet', 'bench_app'];
          await docker('service', 'update', ...words);
        },
        [Symbol.asyncDispose]: leave,
      };
    },
  };
}
