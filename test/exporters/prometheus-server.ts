import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../helpers/eventually.ts';
import { freePort } from '../helpers/free-port.ts';
import { findProgram } from '../helpers/parts.ts';
import { startProgram } from '../helpers/program.ts';
import { temporaryFolder } from '../helpers/temporary.ts';

/** One series that a query gave, with its value at that moment. */
export interface QueryResult {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A real Prometheus that a test started. */
export interface PrometheusServer extends AsyncDisposable {
  /** Throws with what Prometheus says against it. */
  query(expression: string): Promise<readonly QueryResult[]>;
}

interface Reply {
  readonly status: string;
  readonly error?: string;
  readonly data?: {
    readonly result: readonly { readonly metric: Record<string, string>; readonly value: [number, string] }[];
  };
}

export async function startPrometheus(config: string): Promise<PrometheusServer> {
  const folder = await temporaryFolder();
  const port = await freePort();
  const path = join(folder.path, 'prometheus.yml');
  await writeFile(path, config);
  const program = startProgram(findProgram('prometheus') ?? 'prometheus', [
    `--config.file=${path}`,
    `--storage.tsdb.path=${join(folder.path, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=warn',
  ]);
  const base = `http://127.0.0.1:${port}`;
  await eventually(
    async () => assert.equal((await fetch(`${base}/-/ready`)).status, 200, program.output()),
    60_000,
  );
  return {
    async query(expression) {
      const response = await fetch(`${base}/api/v1/query`, {
        method: 'POST',
        body: new URLSearchParams({ query: expression }),
      });
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Prometheus' own API
      const reply = (await response.json()) as Reply;
      if (reply.status !== 'success') throw new Error(`${expression}: ${reply.error}`);
      return (reply.data?.result ?? []).map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
    },
    async [Symbol.asyncDispose]() {
      await program.end('SIGKILL');
      await folder[Symbol.asyncDispose]();
    },
  };
}
