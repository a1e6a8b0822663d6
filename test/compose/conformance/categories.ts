import { isDeepStrictEqual } from 'node:util';
import { parseVolume, longVolume } from '../../../src/compose/canonical/parse-volume.ts';
import { parsePort } from '../../../src/compose/canonical/parse-port.ts';
import { parseDotenv } from '../../../src/compose/environment/parse-dotenv.ts';
import type { Report } from '../../../src/compose/faults.ts';
import { toBoolean, toInteger } from '../../../src/compose/interpolate/casts.ts';
import { interpolate } from '../../../src/compose/interpolate/interpolate.ts';
import { substitute } from '../../../src/compose/interpolate/template.ts';
import { mergeModels } from '../../../src/compose/merge/merge.ts';
import { keepUnique } from '../../../src/compose/merge/unicity.ts';
import { normalize } from '../../../src/compose/normalize/normalize.ts';
import { pathTable } from '../../../src/compose/path-table.ts';
import { readDocument } from '../../../src/compose/read/read-document.ts';
import { parseDocuments } from '../../../src/compose/read/source-document.ts';
import { ports, volumeMount } from '../../../src/compose/schema/mounts.ts';
import { checkModel } from '../../../src/compose/schema/project-schema.ts';
import { cloneTree, isMap, newMap, type Tree, type TreeMap } from '../../../src/compose/tree.ts';
import { messageOf } from '../../../src/shared/errors.ts';
import { readCases } from './case-files.ts';
import { runLoadCase, type LoadCase } from './load-case.ts';
import { isSameCause } from './same-cause.ts';

/** What became of one case: undefined when it agrees with the reference, else the difference. */
export interface Outcome {
  readonly name: string;
  readonly difference: string | undefined;
}

interface PhaseCase {
  readonly name: string;
  readonly error?: string | null;
  readonly expected?: unknown;
  readonly env?: Readonly<Record<string, string | null>> | null;
}

type Input = { readonly input: TreeMap };

function compare(recorded: PhaseCase, run: () => unknown): Outcome {
  const { name, error = null, expected } = recorded;
  let got: unknown;
  try {
    got = plain(run());
  } catch (thrown) {
    const message = messageOf(thrown);
    if (error === null) return { name, difference: `refused: ${message}` };
    return { name, difference: isSameCause(error, message) ? undefined : `${error} ≠ ${message}` };
  }
  if (error !== null) return { name, difference: `accepted, expected: ${error}` };
  return {
    name,
    difference: isDeepStrictEqual(got, expected) ? undefined : `${json(expected)} ≠ ${json(got)}`,
  };
}

function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}

function json(value: unknown): string {
  return JSON.stringify(value);
}

/** Fails with the first fault that a phase reports. */
function strictly<Result>(phase: (report: Report) => Result): Result {
  const faults: string[] = [];
  const result = phase((fault) =>
    faults.push(`${fault.message}${fault.got === undefined ? '' : ` (${fault.got})`}`),
  );
  if (faults.length > 0) throw new Error(faults[0]);
  return result;
}

function lookupIn(env: PhaseCase['env']) {
  return (name: string) => env?.[name] ?? undefined;
}

function readYaml(text: string): TreeMap {
  const [document] = parseDocuments(text, 'case.yaml');
  const tree: Tree = document === undefined ? newMap() : readDocument(document).tree;
  return isMap(tree) ? tree : newMap();
}

function copyOf(model: TreeMap): TreeMap {
  const copy = cloneTree(model);
  return isMap(copy) ? copy : newMap();
}

const noWarning = () => undefined;

const phases: Readonly<Record<string, () => Outcome[]>> = {
  merge: () =>
    readCases<PhaseCase & Record<'base_yaml' | 'override_yaml' | 'expected_yaml', string>>('merge.json').map(
      (recorded) =>
        compare({ ...recorded, expected: plain(readYaml(recorded.expected_yaml)) }, () =>
          strictly((report) => {
            const merged = mergeModels(readYaml(recorded.base_yaml), readYaml(recorded.override_yaml));
            keepUnique(merged, report);
            return merged;
          }),
        ),
    ),
  unicity: () =>
    readCases<PhaseCase & Input>('unicity.json').map((recorded) =>
      compare(recorded, () => {
        const model = copyOf(recorded.input);
        strictly((report) => keepUnique(model, report));
        return model;
      }),
    ),
  normalize: () =>
    readCases<PhaseCase & Input>('normalize.json').map((recorded) =>
      compare(recorded, () => {
        const model = copyOf(recorded.input);
        normalize(model, lookupIn(recorded.env));
        return model;
      }),
    ),
  template: () =>
    readCases<PhaseCase & { readonly template: string }>('template.json').map((recorded) =>
      compare(recorded, () => substitute(recorded.template, lookupIn(recorded.env))),
    ),
  interpolate: () =>
    readCases<PhaseCase & Input & { readonly casts: number }>('interpolate.json').map((recorded) =>
      compare(recorded, () =>
        strictly((report) =>
          interpolate(cloneTree(recorded.input), {
            lookup: lookupIn(recorded.env),
            report,
            warn: noWarning,
            casts: pathTable(
              recorded.casts === 0 ? {} : { '*.replicas': toInteger, '*.required': toBoolean },
            ),
          }),
        ),
      ),
    ),
  dotenv: () =>
    readCases<PhaseCase & { readonly input: string; readonly preset: Record<string, string> | null }>(
      'dotenv.json',
    ).map((recorded) =>
      compare(recorded, () => {
        const variables = new Map(Object.entries(recorded.preset ?? {}));
        parseDotenv(recorded.input, variables, lookupIn(recorded.env));
        return Object.fromEntries(variables);
      }),
    ),
  port: () =>
    readCases<PhaseCase & { readonly input: string }>('port.json').map((recorded) =>
      compare(recorded, () => {
        const parsed = parsePort(recorded.input);
        if ('problem' in parsed) throw new Error(parsed.problem);
        return strictly((report) => ports.bind([...parsed], undefined, { form: 'json', report }));
      }),
    ),
  volume: () =>
    readCases<PhaseCase & { readonly input: string }>('volume.json').map((recorded) =>
      compare(recorded, () => {
        const parsed = parseVolume(recorded.input);
        if ('problem' in parsed) throw new Error(parsed.problem);
        return strictly((report) =>
          volumeMount.bind(longVolume(parsed), undefined, { form: 'json', report }),
        );
      }),
    ),
  schema: () =>
    readCases<PhaseCase & Input>('schema.json').map((recorded) =>
      compare({ ...recorded, expected: undefined }, () =>
        strictly((report) => checkModel(copyOf(recorded.input), report)),
      ),
    ),
  load: () => readCases<LoadCase>('load.json').flatMap((recorded) => runLoadCase(recorded) ?? []),
};

export const categories = Object.keys(phases);

/** Runs every case of one category. */
export function runCategory(category: string): Outcome[] {
  return phases[category]?.() ?? [];
}
