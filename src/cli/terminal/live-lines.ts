import { createLogUpdate } from 'log-update';
import type { Screen } from '../surroundings.ts';

const redrawMs = 100;

/** A few lines at the foot of the terminal that are drawn anew in place; other lines go above them. */
export class LiveLines implements Disposable {
  readonly #screen: Screen;
  readonly #draw: () => readonly string[];
  readonly #update: ReturnType<typeof createLogUpdate>;
  readonly #timer: NodeJS.Timeout;

  constructor(screen: Screen, draw: () => readonly string[]) {
    this.#screen = screen;
    this.#draw = draw;
    this.#update = createLogUpdate(screen);
    this.#timer = setInterval(() => this.redraw(), redrawMs);
    this.redraw();
  }

  redraw(): void {
    this.#update(this.#draw().join('\n'));
  }

  /** Puts lines above, where they stay. */
  print(text: string): void {
    this.#update.persist(text);
    this.redraw();
  }

  /** Ends the drawing; the lines given stay in its place. */
  finish(lines: readonly string[]): void {
    clearInterval(this.#timer);
    this.#update.clear();
    this.#update.done();
    if (lines.length > 0) this.#screen.write(`${lines.join('\n')}\n`);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#update.done();
  }
}
