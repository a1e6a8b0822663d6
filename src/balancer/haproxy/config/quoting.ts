/** One word of a configuration file, whatever is in it (HAProxy configuration manual, section 2.2). */
export function quoted(text: string): string {
  return /^[\w./:@,=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`;
}

/** A word of a command on the runtime API, which knows no quotes. */
export function escaped(text: string): string {
  return text.replaceAll(/[\r\n]+/g, ' ').replaceAll(/[\\ ;<]/g, (character) => `\\${character}`);
}

/** Text inside a log-format string, where `%` begins an item. */
export function literal(text: string): string {
  return text.replaceAll('%', '%%');
}

/** One word that is a line of text with its end. */
export function lineOf(text: string): string {
  return `"${text.replaceAll(/[\\"$]/g, String.raw`\$&`)}\\n"`;
}
