import { resolve } from 'node:path';
import { quickScenario, quickShape, quickThresholds } from '../../load/scenario/quick-scenario.ts';
import { readScenario } from '../../load/scenario/read-scenario.ts';
import type { Scenario } from '../../load/scenario/scenario.ts';
import { parseTargetUrl } from '../../load/target/load-target.ts';
import { TenfoldError } from '../../shared/errors.ts';
import type { Surroundings } from '../surroundings.ts';
import { readQuickOptions, requestOptionsGiven, type LoadOptions } from './load-options.ts';

export interface LoadPlan {
  readonly scenario: Scenario;
  /** A URL or the name of a service. */
  readonly target: string;
  /** Nothing says which path to ask for: it is the target's. */
  readonly isPathOpen: boolean;
}

/** What a command line comes to. Throws `usage`, or what is wrong with the scenario file. */
export async function planLoad(
  word: string | undefined,
  options: LoadOptions,
  surroundings: Surroundings,
): Promise<LoadPlan> {
  const subject = word ?? options.target;
  if (subject === undefined) {
    throw new TenfoldError('usage', 'there is nothing to load', {
      expected: 'a scenario file, a URL or a service',
      hint: 'for example `tenfold load http://localhost:8080/ --rate 200 --for 10s`',
    });
  }
  const quick = await readQuickOptions(options, surroundings);
  const more = quickThresholds(options.threshold ?? []);
  const plan = isScenarioFile(subject)
    ? planFile(resolve(surroundings.workingDir, subject), options, quick)
    : planQuick(subject, options, quick);
  const named = more.find(
    ({ request }) => request !== undefined && !plan.scenario.requests.some(({ name }) => name === request),
  );
  if (named !== undefined) {
    throw new TenfoldError('usage', `the threshold \`${named.text}\` is about a request that there is not`, {
      expected: `one of ${plan.scenario.requests.map(({ name }) => name).join(', ')}`,
    });
  }
  return { ...plan, scenario: { ...plan.scenario, thresholds: [...plan.scenario.thresholds, ...more] } };
}

/** The scenario as it goes to a target that is reached by this path. */
export function withTargetPath({ scenario, isPathOpen }: LoadPlan, path: string | undefined): Scenario {
  if (!isPathOpen || path === undefined) return scenario;
  const requests = scenario.requests.map((request) => ({
    ...request,
    name: `${request.method} ${path}`,
    path,
  }));
  // It is one request; a threshold that names it means this one.
  const thresholds = scenario.thresholds.map((threshold) =>
    threshold.request === undefined ? threshold : { ...threshold, request: requests[0]?.name },
  );
  return { ...scenario, requests, thresholds };
}

/** Decided by the shape of the word alone: a folder may well be called like a service. */
function isScenarioFile(word: string): boolean {
  return parseTargetUrl(word) === undefined && (/\.(ya?ml|json)$/i.test(word) || word.includes('/'));
}

type Quick = Awaited<ReturnType<typeof readQuickOptions>>;

function planFile(file: string, options: LoadOptions, quick: Quick): LoadPlan {
  const refused = requestOptionsGiven(options);
  if (refused.length > 0) {
    throw new TenfoldError('usage', `${refused.join(', ')} cannot stand beside a scenario file`, {
      hint: 'the scenario says what its requests are; --rate, --users and --for replace its load',
    });
  }
  const scenario = readScenario(file);
  const target = options.target ?? scenario.target;
  if (target === undefined) {
    throw new TenfoldError('usage', `the scenario ${scenario.name} has no target`, {
      expected: '`target:` in the file, or `--target URL|SERVICE`',
    });
  }
  const isReplaced = quick.rate !== undefined || quick.users !== undefined || quick.for !== undefined;
  if (!isReplaced) return { scenario, target, isPathOpen: false };
  const isLengthOnly = quick.rate === undefined && quick.users === undefined;
  if (isLengthOnly) {
    throw new TenfoldError('usage', '`--for` alone does not say how much load', {
      expected: '`--rate` or `--users` beside it',
    });
  }
  return { scenario: { ...scenario, shape: quickShape(quick) }, target, isPathOpen: false };
}

function planQuick(subject: string, options: LoadOptions, quick: Quick): LoadPlan {
  if (options.target !== undefined && options.target !== subject) {
    throw new TenfoldError('usage', `both ${subject} and --target ${options.target} are targets`);
  }
  const url = parseTargetUrl(subject);
  if (url === undefined) {
    const isPathOpen = quick.path === undefined;
    return { scenario: quickScenario(subject, quick), target: subject, isPathOpen };
  }
  if (quick.path !== undefined && url.pathname + url.search !== '/') {
    throw new TenfoldError('usage', 'both the URL and --path say which path to ask for');
  }
  const path = quick.path ?? `${url.pathname}${url.search}`;
  return {
    scenario: quickScenario(`${url.host}${path === '/' ? '' : path}`, { ...quick, path }),
    target: url.origin,
    isPathOpen: false,
  };
}
