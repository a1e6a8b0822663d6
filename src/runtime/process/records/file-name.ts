/** A file name for a stack or an instance; what a path could mistake for something else is escaped. */
export function fileNameOf(name: string): string {
  return encodeURIComponent(name).replace(/^\./, '%2E');
}
