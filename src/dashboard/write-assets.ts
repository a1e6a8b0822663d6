import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleApplication } from './bundle.ts';

// The build's step for the browser application: node src/dashboard/write-assets.ts dist/dashboard/assets

const [directory] = process.argv.slice(2);
if (directory === undefined) throw new Error('say the folder that the files go to');
await mkdir(directory, { recursive: true });
for (const { name, body } of await bundleApplication()) await writeFile(join(directory, name), body);
