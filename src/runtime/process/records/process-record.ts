import { z } from 'zod';
import { TenfoldError } from '../../../shared/errors.ts';

const format = 'tenfold-process-record';
const version = 1;

const runSchema = z.discriminatedUnion('kind', [
  /** Written before the program is started: until the next write its pid is known to the program's marker alone. */
  z.object({ kind: z.literal('starting') }),
  z.object({
    kind: z.literal('running'),
    pid: z.int().positive(),
    startToken: z.string(),
    startedAt: z.number(),
  }),
  z.object({
    kind: z.literal('exited'),
    /** Null: it is not known. */
    startedAt: z.number().nullable(),
    /** Null: it ended while nobody watched. */
    exitCode: z.int().nullable(),
    finishedAt: z.number(),
    reason: z.string().nullable(),
  }),
]);

const recordSchema = z.object({
  format: z.literal(format),
  version: z.literal(version),
  id: z.string(),
  stack: z.string(),
  service: z.string(),
  index: z.int().positive(),
  revision: z.string(),
  argv: z.array(z.string()),
  workingDir: z.string(),
  /** Names only: values may be secrets. */
  environmentNames: z.array(z.string()),
  /** Where it answers, one per target. `hostIp` is set where the service publishes the port itself. */
  ports: z.array(
    z.object({
      target: z.int(),
      port: z.int(),
      protocol: z.enum(['tcp', 'udp']),
      hostIp: z.string().nullable(),
    }),
  ),
  /** Null: the user who runs Tenfold. */
  user: z.object({ uid: z.int(), gid: z.int() }).nullable(),
  createdAt: z.number(),
  run: runSchema,
});

/** What is known on disk about one process replica. */
export type ProcessRecord = Readonly<Omit<z.infer<typeof recordSchema>, 'format' | 'version'>>;

export function instanceOf(record: Pick<ProcessRecord, 'service' | 'index'>): string {
  return `${record.service}-${record.index}`;
}

export function encodeRecord(record: ProcessRecord): string {
  return `${JSON.stringify({ format, version, ...record }, undefined, 2)}\n`;
}

/** Throws `state-unreadable` when the text is torn, not ours, or of a version that we do not know. */
export function decodeRecord(text: string, path: string): ProcessRecord {
  const hint = 'it was left as it is; move it away once no process of it runs any more';
  const refuse = (got: string) =>
    new TenfoldError('state-unreadable', `the process record ${path} cannot be read`, {
      where: { file: path },
      expected: `${format}, version ${version}`,
      got,
      hint,
    });

  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refuse(text === '' ? 'an empty file' : 'text that is not JSON: torn or not ours');
  }
  const header = z.object({ format: z.string(), version: z.number() }).safeParse(value);
  if (!header.success) throw refuse('JSON without the header of a record');
  if (header.data.format !== format || header.data.version !== version)
    throw refuse(`${header.data.format}, version ${header.data.version}`);
  const record = recordSchema.safeParse(value);
  if (!record.success) throw refuse(z.prettifyError(record.error).replaceAll('\n', ' '));
  const { format: _format, version: _version, ...rest } = record.data;
  return rest;
}
