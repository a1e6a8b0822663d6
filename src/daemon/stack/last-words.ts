import type { StackSession } from './stack-session.ts';
import type { Replica } from '../../model/replica.ts';

const lineCount = 10;
const timeoutMs = 3_000;

/** The last lines that a replica printed; none when its runtime cannot tell. */
export async function lastWords(replica: Replica, session: StackSession): Promise<readonly string[]> {
  const lines: string[] = [];
  try {
    const console = session.controller.consoleOf(replica);
    // An instance's log goes back to replicas before it.
    const options = { follow: false, tail: lineCount, sinceMs: replica.createdAt };
    for await (const { text } of console.logs(replica, options, AbortSignal.timeout(timeoutMs)))
      lines.push(text);
  } catch {
    // The failure that is being explained matters more than why its log cannot be read.
  }
  return lines.slice(-lineCount);
}
