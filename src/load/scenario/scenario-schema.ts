import { z } from 'zod';
import { durationMs, parseDuration } from '../../compose/schema/quantities.ts';
import { statusBelow400, type Check } from './check.ts';
import { parseJsonPath } from './json-path.ts';
import {
  defaultMaxInFlight,
  defaultTimeoutMs,
  type LoadShape,
  type Scenario,
  type ScenarioRequest,
  type Stage,
  type ThinkTime,
} from './scenario.ts';
import { parseThreshold, thresholdExamples, type Threshold } from './threshold.ts';

const durationWords = 'a duration such as 30s, 250ms or 1m30s';

export const duration = z.string({ error: durationWords }).transform((text, context) => {
  const nanoseconds = parseDuration(text.trim());
  if (nanoseconds !== undefined && nanoseconds >= 0n) return durationMs(nanoseconds);
  context.addIssue({ code: 'custom', message: durationWords });
  return z.NEVER;
});

const level = z.number({ error: 'a number, 0 or more' }).min(0, { error: 'a number, 0 or more' });

const stage = z
  .strictObject({
    ramp: duration.optional(),
    hold: duration.optional(),
    spike: duration.optional(),
    to: level.optional(),
  })
  .transform(({ ramp, hold, spike, to }, context): Stage => {
    const given = [ramp, hold, spike].filter((each) => each !== undefined).length;
    const fault = (message: string): never => {
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    };
    if (given !== 1) return fault('one of `ramp`, `hold` and `spike`');
    if (hold !== undefined) {
      return to === undefined ? { kind: 'hold', durationMs: hold } : fault('no `to` beside `hold`');
    }
    if (to === undefined) return fault('`to`, the level that the stage leads to');
    if (spike !== undefined) return { kind: 'spike', durationMs: spike, to };
    return { kind: 'ramp', durationMs: ramp ?? 0, to };
  });

const load = z
  .strictObject(
    {
      rate: level.optional(),
      users: level.optional(),
      for: duration.optional(),
      stages: z
        .array(stage, { error: 'a list of stages' })
        .min(1, { error: 'at least one stage' })
        .optional(),
    },
    { error: '`rate` or `users`, with `for` or `stages`' },
  )
  .transform(({ rate, users, for: holdMs, stages }, context): LoadShape => {
    const fault = (message: string): never => {
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    };
    if ((rate === undefined) === (users === undefined)) return fault('one of `rate` and `users`');
    if ((holdMs === undefined) === (stages === undefined)) return fault('one of `for` and `stages`');
    const shape: LoadShape = {
      model: rate === undefined ? 'closed' : 'open',
      level: rate ?? users ?? 0,
      stages: stages ?? [{ kind: 'hold', durationMs: holdMs ?? 0 }],
    };
    const levels = [shape.level, ...shape.stages.map((each) => (each.kind === 'hold' ? 0 : each.to))];
    if (users !== undefined && levels.some((each) => !Number.isInteger(each)))
      return fault('whole numbers of users');
    if (levels.every((each) => each === 0))
      return fault(`a ${rate === undefined ? 'number of users' : 'rate'} above 0`);
    if (shape.stages.every(({ durationMs }) => durationMs === 0)) return fault('a test that takes some time');
    return shape;
  });

const statusWords = 'a status such as 200 or 2xx, or a list of them';
const statusCode = z
  .union([z.number(), z.string()], { error: statusWords })
  .refine((code) => /^([1-5]\d\d|[1-5]xx)$/i.test(String(code)), { error: statusWords });

const checks = z
  .strictObject({
    status: z.union([statusCode, z.array(statusCode).min(1)], { error: statusWords }).optional(),
    body_contains: z
      .union([z.string(), z.array(z.string())], { error: 'a text, or a list of them' })
      .optional(),
    json: z.record(z.string(), z.unknown(), { error: 'paths with the value of each' }).optional(),
    max_duration: duration.optional(),
  })
  .transform((given, context): Check[] => {
    const codes = given.status === undefined ? [] : [given.status].flat().map(String);
    const json = Object.entries(given.json ?? {}).flatMap(([pathText, value]): Check[] => {
      const path = parseJsonPath(pathText);
      if (path !== undefined) return [{ kind: 'json', path, pathText, value }];
      context.addIssue({
        code: 'custom',
        message: 'a path such as $.items[0].name',
        path: ['json', pathText],
      });
      return [];
    });
    return [
      codes.length === 0
        ? statusBelow400
        : {
            kind: 'status',
            codes: codes.filter((code) => /^\d+$/.test(code)).map(Number),
            classes: codes.filter((code) => /x/i.test(code)).map((code) => Number(code[0])),
          },
      ...[given.body_contains ?? []].flat().map((text): Check => ({ kind: 'body contains', text })),
      ...json,
      ...(given.max_duration === undefined
        ? []
        : [{ kind: 'max duration', durationMs: given.max_duration } satisfies Check]),
    ];
  });

const think = z.union(
  [
    duration.transform((ms): ThinkTime => ({ fromMs: ms, toMs: ms })),
    z
      .strictObject({ from: duration, to: duration })
      .refine(({ from, to }) => from <= to, { error: '`from` not above `to`' })
      .transform(({ from, to }): ThinkTime => ({ fromMs: from, toMs: to })),
  ],
  { error: `${durationWords}, or \`from\` and \`to\`` },
);

export const method = z
  .string({ error: 'a method such as GET' })
  .regex(/^[A-Za-z]+$/, { error: 'a method such as GET' })
  .transform((text) => text.toUpperCase());
export const path = z
  .string({ error: 'a path that begins with /' })
  .regex(/^\/[\x21-\x7e]*$/, { error: 'a path that begins with / and is percent-encoded' });
const headerName = z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/, { error: 'the name of a header field' });
const headerValue = z
  .union([z.string(), z.number(), z.boolean()], { error: 'a text' })
  .transform(String)
  .refine((text) => /^[\t\x20-\x7e\x80-\xff]*$/.test(text), { error: 'a text of one line, in Latin-1' });
export const headers = z.record(headerName, headerValue, { error: 'header fields by name' });

const requestShape = z.strictObject({
  name: z.string().min(1).optional(),
  weight: z.number({ error: 'a number above 0' }).positive({ error: 'a number above 0' }).default(1),
  method: method.default('GET'),
  path: path.default('/'),
  headers: headers.default({}),
  body: z.unknown().optional(),
  checks: checks.default([statusBelow400]),
  think: think.optional(),
  timeout: duration.optional(),
});

const threshold = z
  .string({ error: `a threshold ${thresholdExamples}` })
  .transform((text, context): Threshold => {
    const parsed = parseThreshold(text);
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: 'custom', message: `a threshold ${thresholdExamples}` });
    return z.NEVER;
  });

/** A scenario file, checked and filled in. Issue messages say what was expected. */
export const scenarioSchema = z
  .strictObject({
    name: z.string({ error: 'a text' }).min(1, { error: 'a name' }).optional(),
    target: z.string({ error: 'a URL or the name of a service' }).min(1).optional(),
    load,
    requests: z
      .array(requestShape, { error: 'a list of requests' })
      .min(1, { error: 'at least one request' })
      .optional(),
    think: think.default({ fromMs: 0, toMs: 0 }),
    timeout: duration.default(defaultTimeoutMs),
    headers: headers.default({}),
    thresholds: z.array(threshold, { error: 'a list of thresholds' }).default([]),
    max_in_flight: z
      .int({ error: 'a whole number above 0' })
      .positive({ error: 'a whole number above 0' })
      .default(defaultMaxInFlight),
  })
  .transform((file, context): Omit<Scenario, 'name'> & { readonly name: string | undefined } => {
    const given = file.requests ?? [requestShape.parse({})];
    const requests = given.map((each) => completeRequest(each, file));
    const names = requests.map(({ name }) => name);
    for (const [index, name] of names.entries()) {
      if (names.indexOf(name) === index) continue;
      context.addIssue({
        code: 'custom',
        message: 'a name of its own for each request',
        path: ['requests', index],
      });
    }
    for (const [index, { request }] of file.thresholds.entries()) {
      if (request === undefined || names.includes(request)) continue;
      const message = `the name of a request: ${names.join(', ')}`;
      context.addIssue({ code: 'custom', message, path: ['thresholds', index] });
    }
    const { name, target, load: shape, thresholds, max_in_flight: maxInFlight } = file;
    return { name, target, shape, requests, thresholds, maxInFlight };
  });

interface FileDefaults {
  readonly think: ThinkTime;
  readonly timeout: number;
  readonly headers: Readonly<Record<string, string>>;
}

function completeRequest(given: z.output<typeof requestShape>, defaults: FileDefaults): ScenarioRequest {
  const { method, path, weight, checks } = given;
  const isText = typeof given.body === 'string' || given.body === undefined || given.body === null;
  const body = isText
    ? typeof given.body === 'string'
      ? given.body
      : undefined
    : JSON.stringify(given.body);
  const headers = { ...defaults.headers, ...given.headers };
  const hasType = Object.keys(headers).some((name) => name.toLowerCase() === 'content-type');
  return {
    name: given.name ?? `${method} ${path}`,
    weight,
    method,
    path,
    headers: isText || hasType ? headers : { ...headers, 'Content-Type': 'application/json' },
    body,
    checks,
    think: given.think ?? defaults.think,
    timeoutMs: given.timeout ?? defaults.timeout,
  };
}
