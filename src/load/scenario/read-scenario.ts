import { basename } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { nearestName } from '../../compose/nearest-name.ts';
import { pathOf } from '../../compose/path.ts';
import { locate } from '../../compose/read/locate.ts';
import { readTextFile } from '../../compose/read/read-text-file.ts';
import type { SourceDocument } from '../../compose/read/source-document.ts';
import { TenfoldError } from '../../shared/errors.ts';
import { valueAt } from './json-path.ts';
import type { Scenario } from './scenario.ts';
import { scenarioSchema } from './scenario-schema.ts';

/**
 * Reads a scenario file. Throws `file-not-found`, `file-unreadable`, or `invalid-scenario` with the line and column of
 * every fault.
 */
export function readScenario(file: string): Scenario {
  return parseScenario(readTextFile(file, 'load scenario'), file);
}

export function parseScenario(text: string, file: string): Scenario {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'silent' });
  throwFaults(
    file,
    document.errors.map((error) => {
      const { line, col: column } = lines.linePos(error.pos[0]);
      return new TenfoldError('invalid-scenario', `this is not YAML: ${error.message}`, {
        where: { file, line, column },
      });
    }),
  );
  const source: SourceDocument = { file, lines, contents: document.contents };
  const value: unknown = document.toJS();
  if (value === null || value === undefined) {
    throw new TenfoldError('invalid-scenario', 'the scenario is empty', {
      where: { file },
      expected: '`load` and what it is made of',
      hint: 'docs/load.md shows what a scenario looks like',
    });
  }
  const parsed = scenarioSchema.safeParse(value);
  if (parsed.success)
    return { ...parsed.data, name: parsed.data.name ?? basename(file).replace(/\.ya?ml$/, '') };
  throwFaults(
    file,
    parsed.error.issues
      .flatMap((issue) => faultsOf(issue, value, source))
      .toSorted((a, b) => (a.where?.line ?? 0) - (b.where?.line ?? 0)),
  );
  throw new Error('zod refused a scenario without saying why');
}

function throwFaults(file: string, errors: readonly TenfoldError[]): void {
  const [first] = errors;
  if (first === undefined) return;
  if (errors.length === 1) throw first;
  throw new TenfoldError('invalid-scenario', `${errors.length} errors in ${file}`, { errors });
}

const knownKeys: Readonly<Record<string, readonly string[]>> = {
  '': ['name', 'target', 'load', 'requests', 'think', 'timeout', 'headers', 'thresholds', 'max_in_flight'],
  load: ['rate', 'users', 'for', 'stages'],
  stages: ['ramp', 'hold', 'spike', 'to'],
  requests: ['name', 'weight', 'method', 'path', 'headers', 'body', 'checks', 'think', 'timeout'],
  checks: ['status', 'body_contains', 'json', 'max_duration'],
  think: ['from', 'to'],
};

function faultsOf(issue: z.core.$ZodIssue, value: unknown, source: SourceDocument): TenfoldError[] {
  const keys = issue.path.filter((key) => typeof key !== 'symbol');
  const where = (...more: readonly (string | number)[]) => locate([source], pathOf(...keys, ...more));
  const place = (text: string | undefined) =>
    text === undefined || text === '' ? 'the scenario' : `\`${text}\``;
  if (issue.code === 'unrecognized_keys') {
    const section = keys.findLast((key) => typeof key === 'string') ?? '';
    const known = knownKeys[section] ?? [];
    return issue.keys.map((key) => {
      const nearest = nearestName(key, known);
      return new TenfoldError('invalid-scenario', `unknown key \`${key}\` in ${place(where().path)}`, {
        where: where(key),
        ...(known.length === 0 ? {} : { expected: `one of ${known.join(', ')}` }),
        ...(nearest === undefined ? {} : { hint: `did you mean \`${nearest}\`?` }),
      });
    });
  }
  const location = where();
  const got = valueAt(value, keys);
  const verb = got === undefined ? 'is missing' : 'is not valid';
  return [
    new TenfoldError('invalid-scenario', `${place(location.path)} ${verb}`, {
      where: location,
      expected: issue.message,
      ...(got === undefined ? {} : { got: shorten(JSON.stringify(got)) }),
    }),
  ];
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
