import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

// The same folders hold TypeScript when run from source and JavaScript when built.
const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
const codeRoot = fileURLToPath(new URL('../../../', import.meta.url));
const packageRoot = dirname(codeRoot.replace(/[/\\]$/, ''));
const entries = ['balancer/proxy/main', 'balancer/proxy/worker/main'];

/** Type imports are erased when it runs. */
const imported =
  /^\s*(?:import|export)\s+(?!type\b)(?:[^'";]*?\bfrom\s*)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm;

export interface CodeFile {
  /** Relative to the package, with slashes. */
  readonly path: string;
  readonly content: Buffer;
}

export interface OwnCode {
  readonly files: readonly CodeFile[];
  /** Path of the program among them. */
  readonly main: string;
  /** The same files give the same digest. */
  readonly digest: string;
}

/** The proxy's own code, file by file as its imports lead to them, with the packages that it needs. */
export async function proxyCode(): Promise<OwnCode> {
  const files = new Map<string, Buffer>();
  const packages = new Set<string>();
  const left = entries.map((entry) => join(codeRoot, `${entry}${extension}`));
  const main = left[0] ?? '';
  for (let file = left.pop(); file !== undefined; file = left.pop()) {
    if (files.has(file)) continue;
    const content = await readFile(file);
    files.set(file, content);
    for (const [, statically, dynamically] of content.toString('utf8').matchAll(imported)) {
      const specifier = statically ?? dynamically ?? '';
      if (specifier.startsWith('.')) left.push(join(dirname(file), specifier));
      else if (!specifier.startsWith('node:')) packages.add(specifier);
    }
  }
  for (const folder of await packageFolders(packages, join(packageRoot, 'package.json'))) {
    for (const file of await filesBelow(folder)) files.set(file, await readFile(file));
  }
  const manifest = Buffer.from(JSON.stringify({ type: 'module' }));
  const sorted = [...files]
    .map(([path, content]) => ({ path: relative(packageRoot, path).split(sep).join('/'), content }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  const all = [{ path: 'package.json', content: manifest }, ...sorted];
  const hash = createHash('sha256');
  for (const { path, content } of all) hash.update(`${path} ${content.length}\n`).update(content);
  return {
    files: all,
    main: relative(packageRoot, main).split(sep).join('/'),
    digest: hash.digest('hex').slice(0, 16),
  };
}

/** Folders of the packages, and of those that they need in turn. */
async function packageFolders(specifiers: Iterable<string>, from: string): Promise<readonly string[]> {
  const folders = new Set<string>();
  const left = [...specifiers].map((specifier) => ({ specifier, from }));
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const manifest = findPackageJSON(next.specifier, pathToFileURL(next.from));
    if (manifest === undefined || folders.has(dirname(manifest))) continue;
    folders.add(dirname(manifest));
    const { dependencies = {} }: { dependencies?: Record<string, string> } = JSON.parse(
      await readFile(manifest, 'utf8'),
    );
    left.push(...Object.keys(dependencies).map((specifier) => ({ specifier, from: manifest })));
  }
  return [...folders];
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  const all = await readdir(folder, { recursive: true, withFileTypes: true });
  return all
    .filter((entry) => entry.isFile() && !entry.parentPath.slice(folder.length).includes('node_modules'))
    .map((entry) => join(entry.parentPath, entry.name));
}
