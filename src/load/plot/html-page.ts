import { escapeHtml } from '../../shared/escape-html.ts';
import { scriptJson } from './escape.ts';

export interface HtmlPage {
  readonly title: string;
  readonly subtitle: string;
  /** Pieces of HTML, one after the other. */
  readonly sections: readonly string[];
  /** Kept in the page as JSON, for whoever wants to read it from there. */
  readonly data: unknown;
}

const style = `
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #59636e; --back: #fff; --card: #f6f8fa; --line: #d1d9e0;
  --c1: #0b62c4; --c2: #b35900; --c3: #c0203a; --c4: #1a7f37; --good: #1a7f37; --bad: #c0203a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9aa6b2; --back: #0d1117; --card: #161b22; --line: #30363d;
  --c1: #58a6ff; --c2: #f0a050; --c3: #ff7b87; --c4: #56d364; --good: #56d364; --bad: #ff7b87; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 72rem; font: 16px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--back); }
h1 { font-size: 1.4rem; margin: 0; overflow-wrap: anywhere; } h2 { font-size: 1.1rem; margin: 1.6rem 0 .5rem; }
p { margin: .4rem 0; } .soft, .note { color: var(--soft); overflow-wrap: anywhere; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: .6rem; margin: 1rem 0; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .5rem .7rem; }
.card b { display: block; font-size: 1.2rem; } .card span { color: var(--soft); font-size: .85rem; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 1rem; }
figure { margin: 0; padding: .6rem; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; min-width: 0; }
figcaption { font-weight: 600; } svg { display: block; width: 100%; height: auto; }
.grid { stroke: var(--line); } .tick { fill: var(--soft); font: 11px system-ui, sans-serif; }
polyline { fill: none; stroke-width: 2; stroke-linejoin: round; } .dashes { stroke-dasharray: 5 4; }
polyline.c1 { stroke: var(--c1); } polyline.c2 { stroke: var(--c2); } polyline.c3 { stroke: var(--c3); } polyline.c4 { stroke: var(--c4); }
circle.c1 { fill: var(--c1); } circle.c2 { fill: var(--c2); } circle.c3 { fill: var(--c3); } circle.c4 { fill: var(--c4); }
.legend { margin: .2rem 0 0; font-size: .85rem; } .key { white-space: nowrap; margin-right: .8rem; }
.key::before { content: ""; display: inline-block; width: .8em; height: .8em; margin-right: .35em; border-radius: 2px; vertical-align: -1px; }
.key.c1::before { background: var(--c1); } .key.c2::before { background: var(--c2); } .key.c3::before { background: var(--c3); } .key.c4::before { background: var(--c4); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th.n, td.n { text-align: right; white-space: nowrap; } .good { color: var(--good); } .bad { color: var(--bad); font-weight: 600; }
`;

/** One page that needs nothing else: no script, no font, no request to anywhere. */
export function renderHtmlPage({ title, subtitle, sections, data }: HtmlPage): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
<p class="soft">${escapeHtml(subtitle)}</p>
${sections.filter((section) => section !== '').join('\n')}
</main>
<script type="application/json" id="report">${scriptJson(data)}</script>
</body>
</html>
`;
}

export interface HtmlColumn {
  readonly title: string;
  readonly isNumber?: boolean;
}

/** A cell is text; with a class, it stands out. */
export type HtmlCell = string | { readonly text: string; readonly className: 'good' | 'bad' };

/** A table that scrolls sideways on a narrow screen; empty without rows. */
export function renderHtmlTable(
  columns: readonly HtmlColumn[],
  rows: readonly (readonly HtmlCell[])[],
): string {
  if (rows.length === 0) return '';
  const heads = columns.map(
    ({ title, isNumber }) => `<th${isNumber === true ? ' class="n"' : ''}>${escapeHtml(title)}</th>`,
  );
  const lines = rows.map((row) => {
    const cells = row.map((cell, index) => {
      const { text, className } = typeof cell === 'string' ? { text: cell, className: undefined } : cell;
      const classes = [columns[index]?.isNumber === true ? 'n' : '', className ?? '']
        .filter(Boolean)
        .join(' ');
      return `<td${classes === '' ? '' : ` class="${classes}"`}>${escapeHtml(text)}</td>`;
    });
    return `<tr>${cells.join('')}</tr>`;
  });
  return `<div class="scroll"><table><thead><tr>${heads.join('')}</tr></thead><tbody>\n${lines.join('\n')}\n</tbody></table></div>`;
}

/** Figures that are read first: a value and what it is. */
export function renderCards(cards: readonly (readonly [value: string, name: string])[]): string {
  const items = cards.map(
    ([value, name]) => `<div class="card"><b>${escapeHtml(value)}</b><span>${escapeHtml(name)}</span></div>`,
  );
  return `<div class="cards">${items.join('')}</div>`;
}

export function renderSection(title: string, content: string): string {
  return content === '' ? '' : `<section><h2>${escapeHtml(title)}</h2>\n${content}</section>`;
}
