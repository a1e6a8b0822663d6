import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import type { QuickOptions } from '../../load/scenario/quick-scenario.ts';
import { TenfoldError, messageOf } from '../../shared/errors.ts';
import { collect } from '../global-options.ts';
import type { Surroundings } from '../surroundings.ts';

export interface LoadOptions {
  readonly rate?: number;
  readonly users?: number;
  readonly for?: string;
  readonly method?: string;
  readonly path?: string;
  readonly header?: readonly string[];
  readonly body?: string;
  readonly timeout?: string;
  readonly maxInFlight?: number;
  readonly target?: string;
  readonly threshold?: readonly string[];
  readonly csv?: string;
  readonly html?: string;
  readonly iOwnThisTarget?: true;
}

export function defineLoad(command: Command): Command {
  return command
    .argument('[scenario|url|service]', 'scenario file (.yaml), URL, or service of the stack')
    .option('--rate <n>', 'open model: requests per second, whether they are answered or not', parseNumber)
    .option(
      '--users <n>',
      'closed model: users who wait for each answer; 10 unless --rate is given',
      parseNumber,
    )
    .option('--for <duration>', 'length of the test: 30s, 2m; 10s by default')
    .option('-X, --method <method>', 'GET by default')
    .option('--path <path>', 'path and query of a service; one that its route takes, or /, by default')
    .option('-H, --header <name:value>', 'header field; repeatable', collect)
    .option('-d, --body <text>', 'body of the request; @FILE takes it from a file')
    .option('--timeout <duration>', 'longest wait for an answer; 30s by default')
    .option(
      '--max-in-flight <n>',
      'open model: requests at a time, beyond which they are dropped; 1000 by default',
      parseNumber,
    )
    .option('--target <url|service>', 'where a scenario is aimed, in place of its own target')
    .option('--threshold <text>', 'what has to hold: p99<250ms, failed<1%, rate>100; repeatable', collect)
    .option('--csv <file>', 'write the course of the test')
    .option('--html <file>', 'write a report with plots, in one file')
    .option('--i-own-this-target', 'load a target that is not a stack of this machine');
}

/** What the options say of the request and the load. Throws `usage` for a header that is none or a file that cannot be read. */
export async function readQuickOptions(
  options: LoadOptions,
  { workingDir }: Surroundings,
): Promise<QuickOptions> {
  const { rate, users, for: length, method, path, timeout, maxInFlight, header } = options;
  const body = options.body === undefined ? undefined : await readBody(options.body, workingDir);
  return {
    ...(rate === undefined ? {} : { rate }),
    ...(users === undefined ? {} : { users }),
    ...(length === undefined ? {} : { for: length }),
    ...(method === undefined ? (body === undefined ? {} : { method: 'POST' }) : { method }),
    ...(path === undefined ? {} : { path }),
    ...(header === undefined ? {} : { headers: Object.fromEntries(header.map(parseHeader)) }),
    ...(body === undefined ? {} : { body }),
    ...(timeout === undefined ? {} : { timeout }),
    ...(maxInFlight === undefined ? {} : { maxInFlight }),
  };
}

/** Options that describe a request, which a scenario file does itself. */
export function requestOptionsGiven({
  method,
  path,
  header,
  body,
  timeout,
  maxInFlight,
}: LoadOptions): string[] {
  const all = {
    '--method': method,
    '--path': path,
    '--header': header,
    '--body': body,
    '--timeout': timeout,
    '--max-in-flight': maxInFlight,
  };
  return Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [name]));
}

async function readBody(text: string, workingDir: string): Promise<string> {
  if (!text.startsWith('@')) return text;
  const file = resolve(workingDir, text.slice(1));
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new TenfoldError('usage', `cannot read the body from ${file}: ${messageOf(cause)}`, { cause });
  }
}

function parseHeader(text: string): [string, string] {
  const colon = text.indexOf(':');
  if (colon > 0) return [text.slice(0, colon).trim(), text.slice(colon + 1).trim()];
  throw new TenfoldError('usage', `\`${text}\` is not a header field`, {
    expected: 'NAME: VALUE',
    got: `\`${text}\``,
  });
}

export function parseNumber(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value >= 0) return value;
  throw new InvalidArgumentError('It is not a number, 0 or more.');
}
