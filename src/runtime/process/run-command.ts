import { once } from 'node:events';
import type { Readable } from 'node:stream';
import type { CommandResult, ExecOptions } from '../runtime-driver.ts';
import { exitCodeOf } from './system/signals.ts';
import { signalGroup } from './system/process-group.ts';
import { spawnProcess } from './launch/spawn-process.ts';
import type { SpawnRequest } from './launch/spawn-process.ts';

const maxOutputBytes = 64 << 10;

export interface CommandRequest extends Omit<SpawnRequest, 'stdio'> {
  readonly input: Readable | undefined;
  readonly onOutput: ExecOptions['onOutput'];
  /** Told the process group as soon as it is there. */
  readonly onStarted: (groupId: number) => void;
}

/**
 * Runs a command to its end in a process group of its own, which ends with it. When the signal aborts, the group is
 * killed and the call rejects with the signal's reason.
 */
export async function runCommand(request: CommandRequest, signal: AbortSignal): Promise<CommandResult> {
  signal.throwIfAborted();
  const { input, onOutput } = request;
  const child = await spawnProcess({ ...request, stdio: [input ? 'pipe' : 'ignore', 'pipe', 'pipe'] });
  request.onStarted(child.pid);
  const output = new OutputTail();
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream]?.on('data', (chunk: Uint8Array) => {
      output.add(chunk);
      onOutput?.(stream, chunk);
    });
  if (input !== undefined && child.stdin !== null) {
    // The command may end, or close its input, before it has read all.
    child.stdin.on('error', () => undefined);
    // Whoever fed it has gone; not a pipeline, because that would end a request together with its answer.
    input.once('error', () => child.stdin?.end());
    input.pipe(child.stdin);
  }

  const kill = () => signalGroup(child.pid, 'SIGKILL');
  signal.addEventListener('abort', kill, { once: true });
  // Something it left in the background would hold its output open for ever.
  child.once('exit', kill);
  try {
    // An abort that came while the program was being started.
    if (signal.aborted) kill();
    const [code, endSignal] = await once(child, 'close');
    signal.throwIfAborted();
    return { exitCode: code ?? exitCodeOf(endSignal), output: output.text() };
  } finally {
    signal.removeEventListener('abort', kill);
    if (child.stdin !== null) input?.unpipe(child.stdin);
  }
}

/** The last of what a command printed. */
class OutputTail {
  #chunks: Uint8Array[] = [];
  #bytes = 0;

  add(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    for (let first; (first = this.#chunks[0]) && this.#bytes - first.length >= maxOutputBytes;) {
      this.#chunks.shift();
      this.#bytes -= first.length;
    }
  }

  text(): string {
    return Buffer.concat(this.#chunks).subarray(-maxOutputBytes).toString('utf8');
  }
}
