import { TenfoldError } from '../../shared/errors.ts';
import type { LoadShape, Scenario } from './scenario.ts';
import { scenarioSchema } from './scenario-schema.ts';
import { parseThreshold, thresholdExamples, type Threshold } from './threshold.ts';

/** A load test in the words of a command line; texts are read as those of a scenario file are. */
export interface QuickOptions {
  readonly rate?: number;
  readonly users?: number;
  readonly for?: string;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeout?: string;
  readonly maxInFlight?: number;
}

const defaultUsers = 10;
const defaultLength = '10s';

/** The scenario that the options come to: one request. Throws `usage` for a value that is none. */
export function quickScenario(name: string, options: QuickOptions): Scenario {
  const { method, path, headers, body, timeout, maxInFlight } = options;
  const parsed = scenarioSchema.safeParse({
    load: loadOf(options),
    requests: [{ ...given({ method, path, headers, body }) }],
    ...given({ timeout, max_in_flight: maxInFlight }),
  });
  if (parsed.success) return { ...parsed.data, name };
  const [issue] = parsed.error.issues;
  const word = (issue?.path.findLast((key) => typeof key === 'string') ?? 'load').replaceAll('_', '-');
  throw new TenfoldError('usage', `the ${word === 'load' ? 'load' : `value of \`--${word}\``} is not valid`, {
    expected: issue?.message ?? 'a value that a scenario takes',
  });
}

/** The load of `--rate`, `--users` and `--for` in place of a scenario's own. */
export function quickShape(options: QuickOptions): LoadShape {
  return quickScenario('', options).shape;
}

/** Throws `usage` for a text that is no threshold. */
export function quickThresholds(texts: readonly string[]): Threshold[] {
  return texts.map((text) => {
    const threshold = parseThreshold(text);
    if (threshold !== undefined) return threshold;
    throw new TenfoldError('usage', `\`${text}\` is not a threshold`, {
      expected: `one ${thresholdExamples}`,
      got: `\`${text}\``,
    });
  });
}

function loadOf({ rate, users, for: length = defaultLength }: QuickOptions): Record<string, unknown> {
  if (rate === undefined) return { users: users ?? defaultUsers, for: length };
  return { rate, for: length, ...given({ users }) };
}

function given(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
