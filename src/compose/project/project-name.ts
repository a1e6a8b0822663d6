import { TenfoldError } from '../../shared/errors.ts';

/** The name with all that a project name may not have left out. */
export function normalizeName(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]/g, '')
    .replace(/^[_-]+/, '');
}

/** Refuses a name, given on the command line or in the environment, that is none. Throws `usage`. */
export function checkName(name: string): void {
  if (normalizeName(name) === name) return;
  const normalized = normalizeName(name);
  throw new TenfoldError(
    'usage',
    `invalid project name "${name}": must consist only of lowercase alphanumeric characters, hyphens, and underscores as well as start with a letter or number`,
    {
      got: name,
      ...(normalized !== '' && { hint: `\`${normalized}\` would be one` }),
    },
  );
}
