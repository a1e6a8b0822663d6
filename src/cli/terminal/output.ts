import { colouredStyle, plainStyle, type Style } from '../render/style.ts';
import type { AnsiChoice } from '../global-options.ts';
import type { Screen, Surroundings } from '../surroundings.ts';

export interface OutputChoices {
  readonly isJson: boolean;
  readonly ansi: AnsiChoice;
  readonly hasColour: boolean;
}

/**
 * Where a command prints: results on stdout, notes and errors on stderr. When the reader of stdout has gone (a pipe
 * to `head`, a closed terminal) the rest is dropped quietly and `closed` aborts.
 */
export class Output {
  readonly isJson: boolean;
  /** Whether lines may be redrawn in place. */
  readonly isLive: boolean;
  readonly style: Style;
  readonly errorStyle: Style;
  readonly screen: Screen;
  readonly #errors: Screen;
  readonly #closed = new AbortController();

  constructor({ stdout, stderr, environment }: Surroundings, choices: OutputChoices) {
    const hasColour = choices.hasColour && !environment['NO_COLOR'];
    const isDumb = environment['TERM'] === 'dumb';
    const takesAnsi = (screen: Screen): boolean =>
      choices.ansi === 'always' || (choices.ansi === 'auto' && screen.isTTY === true && !isDumb);
    this.isJson = choices.isJson;
    this.isLive = !choices.isJson && takesAnsi(stdout);
    this.style = hasColour && takesAnsi(stdout) ? colouredStyle : plainStyle;
    this.errorStyle = hasColour && takesAnsi(stderr) ? colouredStyle : plainStyle;
    this.screen = stdout;
    this.#errors = stderr;
    stdout.on('error', () => this.#closed.abort());
    stderr.on('error', () => {});
  }

  /** Aborts when nobody reads stdout any more. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** Columns of the terminal; undefined when stdout is none. */
  get width(): number | undefined {
    return this.screen.isTTY === true ? this.screen.columns : undefined;
  }

  line(text: string): void {
    this.write(`${text}\n`);
  }

  lines(texts: readonly string[]): void {
    if (texts.length > 0) this.line(texts.join('\n'));
  }

  /** One JSON document on one line. */
  json(value: unknown): void {
    this.line(JSON.stringify(value));
  }

  write(chunk: string | Uint8Array): void {
    if (!this.closed.aborted) this.screen.write(chunk);
  }

  /** A line for the person at the terminal, on stderr. */
  note(text: string): void {
    this.writeError(`${text}\n`);
  }

  writeError(chunk: string | Uint8Array): void {
    this.#errors.write(chunk);
  }

  warn(text: string): void {
    this.note(`${this.errorStyle.doubtful('warning:')} ${text}`);
  }
}
