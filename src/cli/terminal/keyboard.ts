import { PassThrough, type Readable } from 'node:stream';
import type { Keyboard } from '../surroundings.ts';

/** Hands on what is typed or piped in until it is disposed of; then the process no longer waits for input. */
export function openKeyboard(stdin: Keyboard, isRaw: boolean): Disposable & { readonly input: Readable } {
  const input = new PassThrough();
  if (isRaw) stdin.setRawMode?.(true);
  stdin.pipe(input);
  return {
    input,
    [Symbol.dispose]: () => {
      stdin.unpipe(input);
      if (isRaw) stdin.setRawMode?.(false);
      stdin.pause();
      input.destroy();
      // A pipe that stays open would keep this process alive; a terminal belongs to the shell as well.
      if (stdin.isTTY !== true) stdin.destroy();
    },
  };
}
