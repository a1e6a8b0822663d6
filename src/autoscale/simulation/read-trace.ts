import { z } from 'zod';
import { TenfoldError } from '../../shared/errors.ts';
import { parseRecord } from '../record-line.ts';
import type { AutoscaleRecord } from '../record.ts';
import type { LoadPoint, LoadTrace, ReplicaModel } from './load-trace.ts';

export type Trace =
  | { readonly kind: 'history'; readonly records: readonly AutoscaleRecord[] }
  | { readonly kind: 'load'; readonly load: readonly LoadPoint[]; readonly replica: Partial<ReplicaModel> };

const loadFile = z.object({
  replica: z
    .object({
      requests_per_second: z.number().positive().optional(),
      start_seconds: z.number().nonnegative().optional(),
      cores: z.number().positive().optional(),
      memory_bytes: z.number().nonnegative().optional(),
    })
    .strict()
    .optional(),
  load: z
    .array(
      z.object({ seconds: z.number().nonnegative(), requests_per_second: z.number().nonnegative() }).strict(),
    )
    .min(1),
});

/**
 * Reads a trace: the history of an autoscaler (JSON lines), a load as JSON, or a load as CSV with `seconds` or `time` and
 * `requests_per_second`. Throws `file-unreadable` with what is wrong and where.
 */
export function readTrace(text: string, file: string): Trace {
  const first = text.trimStart();
  if (!first.startsWith('{')) return { kind: 'load', load: readCsv(text, file), replica: {} };
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const records = lines.flatMap((line) => parseRecord(line) ?? []);
  if (records.length > 0) return { kind: 'history', records };
  return readJson(text, file);
}

/** The whole model of a load trace. Throws `usage` when nobody has said what a replica can do. */
export function completeTrace(trace: Trace & { kind: 'load' }, given: Partial<ReplicaModel>): LoadTrace {
  const { capacity, startMs = 0, cores = 1, memoryBytes = 0 } = { ...trace.replica, ...given };
  if (capacity === undefined) {
    throw new TenfoldError('usage', 'a load says nothing of what a replica can do', {
      expected: '--capacity N: requests per second at which one replica is busy all the time',
      hint: 'tenfold capacity measures it',
    });
  }
  return { load: trace.load, replica: { capacity, startMs, cores, memoryBytes } };
}

function readJson(text: string, file: string): Trace {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw unreadable(
      file,
      'a history as JSON lines, a load as JSON or as CSV',
      'neither whole JSON nor a history',
    );
  }
  const parsed = loadFile.safeParse(json);
  if (!parsed.success)
    throw unreadable(file, 'a load: {"replica": {…}, "load": […]}', z.prettifyError(parsed.error));
  const { replica = {}, load } = parsed.data;
  const points = load.map((each) => ({
    atMs: each.seconds * 1_000,
    requestsPerSecond: each.requests_per_second,
  }));
  return {
    kind: 'load',
    load: inOrder(points, file),
    replica: {
      ...(replica.requests_per_second !== undefined && { capacity: replica.requests_per_second }),
      ...(replica.start_seconds !== undefined && { startMs: replica.start_seconds * 1_000 }),
      ...(replica.cores !== undefined && { cores: replica.cores }),
      ...(replica.memory_bytes !== undefined && { memoryBytes: replica.memory_bytes }),
    },
  };
}

function readCsv(text: string, file: string): LoadPoint[] {
  const [head = '', ...rows] = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const names = head.split(',').map((name) => name.trim().toLowerCase());
  const timeAt = names.findIndex((name) => name === 'seconds' || name === 'time');
  const rateAt = names.indexOf('requests_per_second');
  if (timeAt === -1 || rateAt === -1)
    throw unreadable(
      file,
      'a first line with seconds (or time) and requests_per_second',
      head.slice(0, 80),
      1,
    );
  let beginning: number | undefined;
  const points = rows.map((row, index) => {
    const cells = row.split(',').map((cell) => cell.trim());
    const time = cells[timeAt] ?? '';
    const atMs =
      names[timeAt] === 'seconds' || /^\d+(\.\d+)?$/.test(time) ? Number(time) * 1_000 : Date.parse(time);
    const requestsPerSecond = Number(cells[rateAt] === '' ? Number.NaN : cells[rateAt]);
    if (Number.isNaN(atMs) || !Number.isFinite(requestsPerSecond) || requestsPerSecond < 0)
      throw unreadable(file, 'a time, and requests per second', row.slice(0, 80), index + 2);
    beginning ??= atMs;
    return { atMs: atMs - beginning, requestsPerSecond };
  });
  if (points.length === 0) throw unreadable(file, 'one line at least after the first', 'none');
  return inOrder(points, file);
}

function inOrder(points: LoadPoint[], file: string): LoadPoint[] {
  const wrong = points.findIndex(({ atMs }, index) => atMs < (points[index - 1]?.atMs ?? 0));
  if (wrong !== -1) throw unreadable(file, 'times in order', `point ${wrong + 1} is before the one above it`);
  return points;
}

function unreadable(file: string, expected: string, got: string, line?: number): TenfoldError {
  return new TenfoldError('file-unreadable', `${file} is no trace`, {
    where: { file, ...(line !== undefined && { line }) },
    expected,
    got,
  });
}
