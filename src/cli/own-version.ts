import { readFileSync } from 'node:fs';

interface PackageDescription {
  readonly version: string;
}

/** Version of this package; package.json lies two folders up from src/cli and dist/cli alike. */
export const ownVersion: string = readVersion();

function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const description: PackageDescription = JSON.parse(text);
  return description.version;
}
