import type { RequestLog } from '../../prove/measure/proof-request.ts';
import type { ProofObserver, ProofStep } from '../../prove/run-proof.ts';
import { formatCount } from '../../load/report/format.ts';
import type { Invocation } from '../invocation.ts';
import { formatElapsed } from '../render/durations.ts';
import { renderPlainEvent } from '../render/render-event.ts';
import { oneLine, truncateText } from '../render/text-width.ts';
import { LiveLines } from '../terminal/live-lines.ts';

const defaultColumns = 80;

const stepWords: Readonly<Record<ProofStep, string>> = {
  before: 'load before the change',
  changing: 'the change is at work',
  settling: 'until the stack is steady',
  after: 'load after the change',
};

/** Shows a proof while it runs. */
export interface ProofProgress extends ProofObserver {
  finish(): void;
}

/** Live lines on a terminal, lines on stderr elsewhere; beside JSON only what the command itself printed. */
export function openProofProgress(invocation: Invocation, title: string, log: RequestLog): ProofProgress {
  const { output, surroundings } = invocation;
  const { clock } = surroundings;
  const startedAt = clock.now();
  const counts = (): string =>
    `${formatCount(log.requests.length - log.failed)} answered well, ${formatCount(log.failed)} failed`;
  if (!output.isLive) {
    const note = (text: string): void => {
      if (!output.isJson) output.note(text);
    };
    return {
      onStep: (step) => note(`${stepWords[step]}  ${counts()}`),
      onEvent: (event) => note(renderPlainEvent(event, event.time - startedAt, output.errorStyle)),
      onLine: (line) => output.note(oneLine(line)),
      finish: () => {},
    };
  }
  const { screen, style } = output;
  let step: ProofStep = 'before';
  const live = new LiveLines(screen, () =>
    [`${title}  ${formatElapsed(clock.now() - startedAt)}`, ` ${stepWords[step]}: ${counts()}`]
      .map((line) => truncateText(line, (screen.columns ?? defaultColumns) - 1))
      .map((line, index) => (index === 0 ? style.bold(line) : line)),
  );
  return {
    onStep: (next) => {
      step = next;
    },
    onEvent: (event) => live.print(renderPlainEvent(event, event.time - startedAt, style)),
    onLine: (line) => live.print(oneLine(line)),
    finish: () => live.finish([]),
  };
}
