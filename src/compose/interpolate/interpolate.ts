import type { Report } from '../faults.ts';
import { at, formatPath, type Path } from '../path.ts';
import { below, type PathTable } from '../path-table.ts';
import type { Tree } from '../tree.ts';
import { composeCasts, type Cast } from './casts.ts';
import { substitute, TemplateError, type Lookup } from './template.ts';

export interface Interpolation {
  readonly lookup: Lookup;
  readonly report: Report;
  readonly warn: (message: string) => void;
  /** Places whose text becomes another type; by default those of a compose file. */
  readonly casts?: PathTable<Cast>;
}

/**
 * Fills in the variables of every value, in place, and turns text into the type its place wants. Keys are left as they
 * are. Each value that cannot be filled in is reported; the others still are.
 */
export function interpolate(value: Tree, options: Interpolation): Tree {
  return walk(value, undefined, options.casts ?? composeCasts, options);
}

function walk(value: Tree, path: Path, table: PathTable<Cast> | undefined, options: Interpolation): Tree {
  if (typeof value === 'string') return interpolateText(value, path, table?.rule, options);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      value[index] = walk(value[index] ?? null, at(path, index), below(table, '*'), options);
    }
    return value;
  }
  for (const key in value) value[key] = walk(value[key] ?? null, at(path, key), below(table, key), options);
  return value;
}

function interpolateText(text: string, path: Path, cast: Cast | undefined, options: Interpolation): Tree {
  const { lookup, report, warn } = options;
  let filled: string;
  try {
    filled = substitute(text, lookup, (name) =>
      warn(`the "${name}" variable is not set; defaulting to a blank string`),
    );
  } catch (thrown) {
    if (!(thrown instanceof TemplateError)) throw thrown;
    report(templateFault(thrown, path, text));
    return text;
  }
  if (cast === undefined) return filled;
  const result = cast(filled);
  if ('problem' in result) {
    report({
      path,
      message: `error while interpolating ${formatPath(path)}: failed to cast to expected type: ${result.problem}`,
      got: JSON.stringify(filled),
    });
    return text;
  }
  if (result.warning !== undefined) warn(`${formatPath(path)}: ${result.warning}`);
  return result.value;
}

function templateFault(error: TemplateError, path: Path, text: string) {
  const place = formatPath(path);
  if (error.problem.kind === 'missing-variable') {
    return {
      path,
      message: `error while interpolating ${place}: ${error.message}`,
      hint: `set ${error.problem.variable} in the environment or in an env file`,
    };
  }
  if (error.problem.kind === 'too-long') return { path, message: `${place}: ${error.message}` };
  return {
    path,
    message: `invalid interpolation format for ${place}`,
    got: text,
    hint: 'to have a literal $ there, write $$',
  };
}
