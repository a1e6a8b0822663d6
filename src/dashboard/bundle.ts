import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One file that the browser loads. */
export interface Asset {
  /** `app.js`; `index.html` is the page itself. */
  readonly name: string;
  readonly contentType: string;
  readonly body: Buffer;
}

/** What the page consists of; the same names wherever it comes from. */
export const assetTypes: Readonly<Record<string, string>> = {
  'index.html': 'text/html; charset=utf-8',
  'app.js': 'text/javascript; charset=utf-8',
  'app.css': 'text/css; charset=utf-8',
  'icon.svg': 'image/svg+xml',
};

/** Makes the browser application from its source. */
export async function bundleApplication(): Promise<readonly Asset[]> {
  const sourceDir = join(import.meta.dirname, 'app');
  // Only a clone needs it at run time; a package brings the application made.
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: { app: join(sourceDir, 'main.tsx') },
    bundle: true,
    minify: true,
    write: false,
    outdir: 'out',
    format: 'esm',
    target: ['es2022', 'chrome111', 'firefox115', 'safari16.4'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  const made = new Map(outputFiles.map(({ path, contents }) => [path.replace(/^.*[\\/]/, ''), contents]));
  return Promise.all(
    Object.entries(assetTypes).map(async ([name, contentType]) => {
      const contents = made.get(name) ?? (await readFile(join(sourceDir, 'static', name)));
      return { name, contentType, body: Buffer.from(contents) };
    }),
  );
}
