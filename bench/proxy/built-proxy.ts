import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const built = new Map<string, Promise<string>>();

/** The proxy's program as it is installed: compiled, so that no process carries the compiler that runs sources. */
export function builtProxy(folder: string): Promise<string> {
  const main = built.get(folder) ?? build(folder);
  built.set(folder, main);
  return main;
}

async function build(folder: string): Promise<string> {
  await writeFile(join(folder, 'package.json'), '{"type":"module"}\n');
  const main = join(folder, 'dist/balancer/proxy/main.js');
  const compiler = join(root, 'node_modules/.bin/tsc');
  await new Promise<void>((resolve, reject) => {
    const project = ['-p', join(root, 'tsconfig.build.json'), '--outDir', join(folder, 'dist')];
    execFile(compiler, project, (error, output) => {
      // Types that do not fit, in whatever part, are for the type check to judge.
      if (existsSync(main)) resolve();
      else reject(new Error(`the proxy could not be compiled: ${output}`, { cause: error }));
    });
  });
  return main;
}
