import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { format, resolveConfig } from 'prettier';
import { startFakeDaemon } from './fake-daemon.ts';
import { renderReference, type JsonSample } from './render-reference.ts';
import { runInProcess } from './run-in-process.ts';
import { sampleChange, sampleEvent, sampleNow, sampleStack } from './sample-status.ts';

const page = join(import.meta.dirname, '../../docs/cli.md');

/** What the commands print with `--json`, from one and the same stack. */
async function takeSamples(): Promise<JsonSample[]> {
  await using daemon = await startFakeDaemon();
  const web = sampleStack()
    .services.slice(0, 1)
    .map((service) => ({ ...service, replicas: service.replicas.slice(0, 1) }));
  const stack = sampleStack({ services: web });
  daemon.answer('GET /v1/stacks', { json: [stack] });
  daemon.answer('GET /v1/stacks/demo', { json: stack });
  daemon.answer('POST /v1/stacks/demo/scale', {
    stream: sampleChange([sampleEvent('replica.started', 'web-4', 'pid 4711')]),
  });
  daemon.answer('GET /v1/stacks/demo/logs', {
    stream: [{ service: 'web', instance: 'web-1', stream: 'stdout', time: sampleNow, text: 'listening' }],
  });
  daemon.answer('GET /v1/events', {
    stream: [sampleEvent('replica.in-rotation', 'web-1', 'port check passed')],
  });
  daemon.answer('POST /v1/stacks/demo/exec', {
    stream: [
      { type: 'output', stream: 'stdout', base64: Buffer.from('hello\n').toString('base64') },
      { type: 'exit', exitCode: 0 },
    ],
  });
  const sample = async (words: readonly string[], what: string): Promise<JsonSample> => {
    const { stdout } = await runInProcess(['--json', '-p', 'demo', ...words], daemon.environment);
    const documents = stdout
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    return { commandLine: `tenfold ${words.join(' ')} --json`, what, documents };
  };
  return [
    await sample(
      ['scale', 'web=5'],
      'Every change (`up`, `down`, `scale`, `stop`, `start`, `restart`, `kill`, `drain`, `undrain`): events as they happen, then ' +
        'the report. A dry run has `{"type": "plan", "text", "operations": [{"kind", "service", "instance", "cause"}]}` in its place; ' +
        '`up` adds `{"type": "status", "status"}` as `status` prints it, and attached, `{"type": "log", "line"}` as `logs` prints it.',
    ),
    await sample(['ps'], 'One document.'),
    await sample(['status'], 'One document. `pending` says what is still to be done, unless it `isSteady`.'),
    {
      ...(await sample(['ls'], 'One document; each stack as `status` prints it.')),
      documents: [{ stacks: ['…'] }],
    },
    await sample(['logs'], 'One object a line.'),
    await sample(['events'], 'One object a line.'),
    await sample(
      ['exec', 'web', 'echo', 'hello'],
      'One object a line; output is base64, since it may be anything.',
    ),
    {
      commandLine: 'tenfold version --json',
      what: 'One document; `daemon` is null when none runs.',
      documents: [
        {
          version: '0.1.0',
          node: 'v26.0.0',
          home: '/home/me/.local/state/tenfold',
          daemon: { version: '0.1.0', pid: 4000, home: '/home/me/.local/state/tenfold', proxyPid: 4001 },
        },
      ],
    },
  ];
}

test('docs/cli.md is what the definitions of the command line say (UPDATE_DOCS=1 writes it)', async () => {
  const options = await resolveConfig(page);
  const expected = await format(renderReference(await takeSamples()), { ...options, parser: 'markdown' });
  if (process.env['UPDATE_DOCS'] === '1') await writeFile(page, expected);
  assert.equal(await readFile(page, 'utf8'), expected);
});
