/**
 * Splits a command line into words as docker compose does: quotes and backslashes, and an end at the first unquoted
 * `;`, `&`, `|`, `<` or `>`, because no shell is there to obey them. Undefined when a quote is not closed.
 */
export function splitCommand(line: string): string[] | undefined {
  const words: string[] = [];
  let word = '';
  let hasWord = false;
  let quote: '"' | "'" | '`' | '(' | undefined;
  let isEscaped = false;
  const endWord = () => {
    if (hasWord) words.push(word);
    word = '';
    hasWord = false;
  };
  for (const character of line) {
    if (isEscaped) {
      word += character === 't' ? '\t' : character === 'n' ? '\n' : character;
      isEscaped = false;
      hasWord = true;
      continue;
    }
    if (character === '\\' && quote !== "'") {
      isEscaped = true;
      continue;
    }
    if (/[ \t\r\n]/.test(character)) {
      if (quote === undefined) endWord();
      else word += character;
      continue;
    }
    if (
      (character === '"' || character === "'") &&
      (quote === undefined || quote === character || quote === '`')
    ) {
      if (quote === '`') return undefined;
      if (quote === character) hasWord = true;
      quote = quote === undefined ? character : undefined;
      continue;
    }
    if (character === '`' && (quote === undefined || quote === '`')) {
      quote = quote === undefined ? '`' : undefined;
    } else if (character === ')' && (quote === undefined || quote === '(')) {
      quote = quote === undefined ? '(' : undefined;
    } else if (character === '(' && (quote === undefined || quote === '(')) {
      if (quote === '(' || !word.endsWith('$')) return undefined;
      quote = '(';
      word += character;
      continue;
    } else if (quote === undefined && ';&|<>'.includes(character)) {
      if (character === '>' && /^[0-9]/.test(word)) hasWord = false;
      break;
    }
    hasWord = true;
    word += character;
  }
  if (quote !== undefined || isEscaped) return undefined;
  endWord();
  return words;
}
