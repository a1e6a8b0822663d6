import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assetTypes, bundleApplication, type Asset } from './bundle.ts';
import { messageOf, TenfoldError } from '../shared/errors.ts';

const builtDir = join(import.meta.dirname, 'assets');

let loading: Promise<ReadonlyMap<string, Asset>> | undefined;

/** The browser application, by name of file: as it was built, or, in a clone, made from source once. */
export function loadAssets(): Promise<ReadonlyMap<string, Asset>> {
  loading ??= readAssets().catch((thrown: unknown) => {
    loading = undefined;
    throw thrown;
  });
  return loading;
}

async function readAssets(): Promise<ReadonlyMap<string, Asset>> {
  const assets = existsSync(join(builtDir, 'index.html')) ? await readBuilt() : await bundle();
  return new Map(assets.map((asset) => [asset.name, asset]));
}

function readBuilt(): Promise<readonly Asset[]> {
  return Promise.all(
    Object.entries(assetTypes).map(async ([name, contentType]) => ({
      name,
      contentType,
      body: await readFile(join(builtDir, name)),
    })),
  );
}

async function bundle(): Promise<readonly Asset[]> {
  try {
    return await bundleApplication();
  } catch (thrown) {
    throw new TenfoldError('file-not-found', `the dashboard cannot be made: ${messageOf(thrown)}`, {
      hint: 'in a clone, run npm install; a package that lacks it has to be installed again',
      cause: thrown,
    });
  }
}
