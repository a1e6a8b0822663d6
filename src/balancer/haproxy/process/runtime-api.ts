import { connect } from 'node:net';
import { TenfoldError } from '../../../shared/errors.ts';

const answerTimeoutMs = 10_000;
/** A command line must fit HAProxy's buffer, which is twice this. */
const maxLineBytes = 12_000;

/** One line of commands on HAProxy's stats socket (management guide, section 9.3), and all that it says to it. */
export function askRuntime(socketPath: string, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    let text = '';
    const fail = (got: string): void => {
      socket.destroy();
      reject(
        new TenfoldError('balancer-unreachable', 'HAProxy did not answer on its runtime API', {
          expected: `an answer at ${socketPath}`,
          got,
          hint: 'It is started again by itself when it was lost; try again.',
        }),
      );
    };
    socket.setEncoding('utf8');
    socket.setTimeout(answerTimeoutMs, () => fail('silence'));
    socket.on('error', (error) => fail(error.message));
    socket.on('data', (chunk: string) => (text += chunk));
    socket.on('end', () => {
      socket.destroy();
      resolve(text);
    });
    socket.write(`${line}\n`);
  });
}

/** Runs commands in their order, as few lines as they fit in. Returns all that was said. */
export async function runCommands(socketPath: string, commands: readonly string[]): Promise<string> {
  let said = '';
  let line = '';
  const flush = async (): Promise<void> => {
    if (line !== '') said += await askRuntime(socketPath, line);
    line = '';
  };
  for (const command of commands) {
    if (line.length + command.length > maxLineBytes) await flush();
    line = line === '' ? command : `${line}; ${command}`;
  }
  await flush();
  return said;
}
