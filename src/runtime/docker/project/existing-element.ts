import type { Stack } from '../../../model/stack.ts';
import type { Progress } from '../../runtime-driver.ts';
import { TenfoldError } from '../../../shared/errors.ts';
import { label } from '../labels.ts';

/** A network or volume of the compose file, by its key there and its name in the engine. */
export interface Element {
  readonly kind: 'network' | 'volume';
  readonly key: string;
  readonly name: string;
  readonly isExternal: boolean;
}

/** An element that is there already is used as it is, whoever made it; where that was not this stack, it is said. */
export function tellOwner(
  { kind, name, isExternal }: Element,
  labels: Readonly<Record<string, string>> | null | undefined,
  stack: Stack,
  progress: Progress,
): void {
  const owner = labels?.[label.project];
  if (isExternal || owner === stack.name) return;
  progress(
    `${kind} ${name} was not made for ${stack.name}${owner ? ` but for ${owner}` : ''}; it is used as it is (external: true says so)`,
  );
}

/** The error for an external element that nobody has made. */
export function missingExternal({ kind, key, name }: Element, stack: Stack): TenfoldError {
  return new TenfoldError('runtime-failed', `the external ${kind} ${name} does not exist`, {
    where: { file: stack.configFiles[0] ?? stack.workingDir, path: `${kind}s.${key}` },
    hint: `docker ${kind} create ${name}, or take external away so that it is made`,
  });
}
