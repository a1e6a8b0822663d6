import { existsSync } from 'node:fs';
import { TenfoldError, type SourceLocation } from '../../shared/errors.ts';
import { readDotenvFile } from '../environment/env-files.ts';
import { readTextFile } from '../read/read-text-file.ts';
import type { Lookup } from '../interpolate/template.ts';
import { recordOf } from '../tree.ts';
import type { ServiceConfig } from '../project.ts';

type Locate = (...keys: (string | number)[]) => SourceLocation;

/**
 * The environment of a service with its env files read in: the service's own values win, then later files over earlier
 * ones. A variable without a value takes the project's. Throws `file-not-found` for a file that is required.
 */
export function serviceEnvironment(
  service: ServiceConfig,
  project: ReadonlyMap<string, string>,
  locate: Locate,
): Record<string, string | null> | undefined {
  const own: Record<string, string | null> = {};
  for (const [key, value] of Object.entries(service.environment ?? {}))
    own[key] = value ?? project.get(key) ?? null;
  const variables = new Map<string, string>();
  for (const [key, value] of Object.entries(own)) if (value !== null) variables.set(key, value);
  for (const [index, { path = '', required = true, format }] of (service.env_file ?? []).entries()) {
    if (!existsSync(path)) {
      if (!required) continue;
      throw new TenfoldError('file-not-found', `env file ${path} not found: no such file or directory`, {
        where: locate('env_file', index),
        hint: 'make it, or say `required: false`',
      });
    }
    const lookup = (name: string) => project.get(name) ?? own[name] ?? undefined;
    if (format === undefined) readDotenvFile(path, variables, lookup);
    else if (format === 'raw') readRawFile(path, variables, lookup);
    else {
      throw new TenfoldError('invalid-compose', `unsupported env_file format "${format}"`, {
        where: locate('env_file', index, 'format'),
        expected: 'raw',
        got: format,
      });
    }
  }
  return sorted({ ...Object.fromEntries(variables), ...own });
}

/** `raw`: each line is a name and a value as they are, with no quotes and no variables; a bare name is inherited. */
function readRawFile(file: string, variables: Map<string, string>, lookup: Lookup): void {
  const text = readTextFile(file, 'env file').replace(/^\uFEFF/, '');
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const entry = line.trimStart();
    if (entry === '' || entry.startsWith('#')) continue;
    const equals = entry.indexOf('=');
    const key = equals === -1 ? entry : entry.slice(0, equals);
    if (key === '' || /\s/.test(key)) {
      const problem = key === '' ? 'no variable name' : `variable '${key}' contains whitespaces`;
      throw new TenfoldError('invalid-compose', `failed to read ${file}: line ${index + 1}: ${problem}`, {
        where: { file, line: index + 1 },
        expected: 'NAME=value',
      });
    }
    const value = equals === -1 ? lookup(key) : entry.slice(equals + 1);
    if (value !== undefined) variables.set(key, value);
  }
}

/** The labels of a service with its label files read in; its own win. */
export function serviceLabels(service: ServiceConfig, locate: Locate): Record<string, string> | undefined {
  const labels = new Map<string, string>();
  for (const [index, path] of (service.label_file ?? []).entries()) {
    if (!existsSync(path)) {
      throw new TenfoldError('file-not-found', `label file ${path} not found: no such file or directory`, {
        where: locate('label_file', index),
      });
    }
    const own = new Map<string, string>();
    readDotenvFile(path, own, (name) => labels.get(name));
    for (const [key, value] of own) labels.set(key, value);
  }
  return sorted({ ...Object.fromEntries(labels), ...service.labels });
}

function sorted<Value>(map: Readonly<Record<string, Value>>): Record<string, Value> | undefined {
  const entries = Object.entries(map).sort(([one], [other]) => (one < other ? -1 : 1));
  return entries.length === 0 ? undefined : recordOf(entries);
}
