/** Says whether a path, relative to the context and with slashes, is left out of a build. */
export type IsIgnored = (path: string) => boolean;

interface Rule {
  readonly pattern: RegExp;
  readonly isException: boolean;
}

/**
 * Reads a .dockerignore file (Dockerfile reference, ".dockerignore file"): one pattern a line, `!` takes back, the last
 * match decides, and a pattern that matches a folder matches all in it.
 */
export function dockerignore(text: string): {
  readonly isIgnored: IsIgnored;
  readonly hasExceptions: boolean;
} {
  const rules = text
    .split(/\r?\n/)
    .filter((line) => !line.startsWith('#'))
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map(ruleOf)
    .filter((rule) => rule !== undefined);
  return {
    hasExceptions: rules.some(({ isException }) => isException),
    isIgnored: (path) => {
      const parts = path.split('/');
      const prefixes = parts.map((_, position) => parts.slice(0, position + 1).join('/'));
      let isIgnored = false;
      for (const { pattern, isException } of rules) {
        if (isException !== isIgnored) continue;
        if (prefixes.some((prefix) => pattern.test(prefix))) isIgnored = !isException;
      }
      return isIgnored;
    },
  };
}

function ruleOf(line: string): Rule | undefined {
  const isException = line.startsWith('!');
  const cleaned = clean(isException ? line.slice(1).trim() : line);
  return cleaned === '' ? undefined : { pattern: patternOf(cleaned), isException };
}

/** Without leading and doubled slashes, `.` and `..` as in a path. */
function clean(pattern: string): string {
  const parts: string[] = [];
  for (const part of pattern.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  return parts.join('/');
}

/** Go's filepath.Match, with `**` for any number of folders. */
function patternOf(pattern: string): RegExp {
  let source = '';
  for (let at = 0; at < pattern.length; at += 1) {
    const rest = pattern.slice(at);
    const character = pattern.charAt(at);
    const [set] = /^\[\^?[^\]]+\]/.exec(rest) ?? [];
    if (rest.startsWith('**/')) {
      source += '(?:.*/)?';
      at += 2;
    } else if (rest.startsWith('**')) {
      source += '.*';
      at += 1;
    } else if (character === '*') source += '[^/]*';
    else if (character === '?') source += '[^/]';
    else if (set !== undefined) {
      source += set;
      at += set.length - 1;
    } else if (character === '\\' && at + 1 < pattern.length) {
      at += 1;
      source += escaped(pattern.charAt(at));
    } else source += escaped(character);
  }
  return new RegExp(`^${source}$`, 's');
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);
}
