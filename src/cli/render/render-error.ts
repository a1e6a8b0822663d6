import { isAbsolute, relative } from 'node:path';
import type { SourceLocation, TenfoldError } from '../../shared/errors.ts';
import type { Style } from './style.ts';

export interface ErrorSurroundings {
  readonly style: Style;
  /** File names below it are shown relative to it. */
  readonly workingDir: string;
}

/** What a person reads when a command fails; an error that holds others shows each of them. */
export function renderError(error: TenfoldError, surroundings: ErrorSurroundings): string[] {
  const { style } = surroundings;
  return [
    `${style.bad('error:')} ${error.message} ${style.dim(`[${error.code}]`)}`,
    ...renderCircumstances(error, surroundings),
    ...error.errors.flatMap((each) => [
      '',
      `  ${style.bad('•')} ${each.message}`,
      ...renderInner(each, surroundings).map((line) => `  ${line}`),
    ]),
    ...hintLines(error, style, error.errors.length > 0),
  ];
}

function renderInner(error: TenfoldError, surroundings: ErrorSurroundings): string[] {
  return [
    ...renderCircumstances(error, surroundings),
    ...hintLines(error, surroundings.style, false),
    ...error.errors.flatMap((each) => [
      `  ${surroundings.style.bad('•')} ${each.message}`,
      ...renderInner(each, surroundings).map((line) => `  ${line}`),
    ]),
  ];
}

function renderCircumstances(error: TenfoldError, { style, workingDir }: ErrorSurroundings): string[] {
  const lines: string[] = [];
  if (error.where !== undefined) lines.push(`  at ${formatLocation(error.where, workingDir)}`);
  if (error.expected !== undefined) lines.push(`  expected ${error.expected}`);
  if (error.got !== undefined) lines.push(`  got ${error.got}`);
  for (const detail of error.details) lines.push(`  ${style.dim('│')} ${detail}`);
  return lines;
}

function hintLines(error: TenfoldError, style: Style, isApart: boolean): string[] {
  if (error.hint === undefined) return [];
  return [...(isApart ? [''] : []), `  ${style.accent('hint:')} ${error.hint}`];
}

/** `compose.yaml:3:5 (services.web.ports[0])`, as far as it is known. */
export function formatLocation(where: SourceLocation, workingDir: string): string {
  const position = [where.line, where.column].filter((part) => part !== undefined);
  const place = [nearestPath(where.file, workingDir), ...position].join(':');
  return where.path === undefined ? place : `${place} (${where.path})`;
}

function nearestPath(file: string, workingDir: string): string {
  if (!isAbsolute(file)) return file;
  const below = relative(workingDir, file);
  return below === '' || below.startsWith('..') ? file : below;
}
