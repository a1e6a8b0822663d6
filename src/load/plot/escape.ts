/** JSON for a `<script type="application/json">`, which nothing in the data can end. */
export function scriptJson(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', String.raw`\u003c`);
}
