import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { networkHash, serviceHash, volumeHash } from '../../src/compose/config-hash.ts';
import { loadProject } from '../../src/compose/load-project.ts';
import { composeCasesDir, skipWithout } from '../helpers/parts.ts';
import { loadText } from './helpers/load-text.ts';

interface RecordedLine {
  readonly STEP?: string;
}

/** Every config hash that the reference gave to what it made, step by step. */
function recordedHashes(): Map<string, Set<string>> {
  const hashes = new Map<string, Set<string>>();
  let step = '';
  for (const line of readFileSync(join(composeCasesDir, 'engine-calls-api1.41.jsonl'), 'utf8').split('\n')) {
    if (line === '') continue;
    const recorded: RecordedLine = JSON.parse(line);
    if (recorded.STEP !== undefined) step = recorded.STEP;
    for (const match of line.matchAll(/config-hash":\s*"([0-9a-f]{64})"/g)) {
      hashes.set(step, (hashes.get(step) ?? new Set()).add(match[1] ?? ''));
    }
  }
  return hashes;
}

async function hashesWith(environment: Readonly<Record<string, string>>): Promise<Set<string>> {
  const project = await loadProject({
    files: [join(composeCasesDir, 'engine-calls.compose.yaml')],
    projectName: 'demo',
    profiles: [],
    envFiles: [],
    environment,
    workingDir: composeCasesDir,
  });
  return new Set([
    ...Object.values(project.services).map(serviceHash),
    ...Object.values(project.networks).map(networkHash),
    ...Object.values(project.volumes).map(volumeHash),
  ]);
}

test(
  'every hash that docker compose recorded is reproduced',
  { skip: await skipWithout('compose-cases') },
  async () => {
    for (const [step, recorded] of recordedHashes()) {
      const own = new Set<string>();
      // The scenario changes the file by its one variable T: 1000 at first, then what the step says or said last.
      for (const environment of [{}, { T: '2000' }, { T: '3000' }, { T: '4000' }]) {
        for (const hash of await hashesWith(environment)) own.add(hash);
      }
      assert.deepEqual(
        [...recorded].filter((hash) => !own.has(hash)),
        [],
        step,
      );
    }
    assert.ok(recordedHashes().size > 5);
  },
);

test('what does not change a container does not change its hash', async () => {
  const hashOf = async (text: string) => {
    const { web } = (await loadText(text)).services;
    assert.ok(web);
    return serviceHash(web);
  };
  const plain = await hashOf('services: {web: {image: a, deploy: {}}, db: {image: b}}');
  const changed = await hashOf(
    'services: {web: {image: a, build: ., pull_policy: always, deploy: {replicas: 4}, depends_on: [db], profiles: []}, db: {image: b}}',
  );
  assert.equal(changed, plain);
  assert.notEqual(await hashOf('services: {web: {image: c, deploy: {}}}'), plain);
});

test('keys of maps are sorted and special characters escaped, as the reference writes its JSON', async () => {
  const one = await loadText('services: {web: {image: a, labels: {"10": "<&>", "2": b, a: c}}}');
  const other = await loadText('services: {web: {image: a, labels: ["a=c", "2=b", "10=<&>"]}}');
  assert.ok(one.services['web'] && other.services['web']);
  assert.equal(serviceHash(one.services['web']), serviceHash(other.services['web']));
});
