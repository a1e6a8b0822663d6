const names = new Set(['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'TZ', 'TMPDIR']);

/** The part of the caller's environment that local processes start from; it changes no revision. */
export function hostEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && (names.has(name) || name.startsWith('LC_'))) kept[name] = value;
  }
  return kept;
}
