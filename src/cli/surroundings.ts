import { systemClock, type Clock } from '../shared/clock.ts';
import type { Readable, Writable } from 'node:stream';

/** A stream that may be a terminal. */
export type Screen = Writable & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

export type Keyboard = Readable & {
  readonly isTTY?: boolean;
  setRawMode?(isRaw: boolean): unknown;
};

/** The signals that ask a command to end. */
export type Interruption = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** All that the command line touches of the process it runs in; tests hand in their own. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDir: string;
  readonly stdin: Keyboard;
  readonly stdout: Screen;
  readonly stderr: Screen;
  readonly clock: Clock;
  /** Takes interruptions over until the returned function is called; before and after, they end the process. */
  readonly onInterruption: (listener: (interruption: Interruption) => void) => () => void;
}

const interruptions: readonly Interruption[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Those of this very process. */
export function processSurroundings(): Surroundings {
  return {
    environment: process.env,
    workingDir: process.cwd(),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    clock: systemClock,
    onInterruption: (listener) => {
      for (const each of interruptions) process.on(each, listener);
      return () => {
        for (const each of interruptions) process.off(each, listener);
      };
    },
  };
}
