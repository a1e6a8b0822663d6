import type { Call } from './control-server.ts';
import { beginStream, parseJson } from './reply.ts';
import { execSchema } from './request-schemas.ts';
import type { ExecMessage } from '../control-api.ts';
import { isRunning, type ObservedReplica } from '../../controller/observed.ts';
import type { StackSession } from '../stack/stack-session.ts';
import { TenfoldError } from '../../shared/errors.ts';

/** Runs a command in a replica: the request's body is its stdin, the response its output. */
export async function runExec(
  session: StackSession,
  { request, response, url, signal }: Call,
): Promise<void> {
  const parsed = execSchema.safeParse(parseJson(url.searchParams.get('request') ?? ''));
  if (!parsed.success) throw new TenfoldError('usage', 'the daemon cannot take this exec request');
  const { target, command, user, workingDir, environment, isPrivileged, terminal } = parsed.data;
  const { replica } = findReplica(session, target);
  const console = session.controller.consoleOf(replica);
  let send: ((message: ExecMessage) => void) | undefined;
  const { exitCode } = await console.exec(
    replica,
    {
      hook: { command, user, workingDir, environment, privileged: isPrivileged },
      input: request,
      onOutput: (stream, chunk) => {
        send ??= beginStream(response);
        send({ type: 'output', stream, base64: Buffer.from(chunk).toString('base64') });
      },
      ...(terminal !== undefined && { terminal }),
    },
    signal,
  );
  send ??= beginStream(response);
  send({ type: 'exit', exitCode });
  response.end();
}

/** An instance by its name, or a service's running replica of the lowest index. Throws `unknown-instance`. */
function findReplica(session: StackSession, target: string): ObservedReplica {
  const replicas = session.controller.last?.observed.replicas.filter(isRunning) ?? [];
  const found = replicas
    .filter(({ replica }) => replica.instance === target || replica.service === target)
    .sort((a, b) => a.replica.index - b.replica.index)[0];
  if (found !== undefined) return found;
  throw new TenfoldError('unknown-instance', `nothing called ${target} runs in the stack ${session.name}`, {
    expected: `a service, or one of ${replicas.map(({ replica }) => replica.instance).join(', ') || '(none runs)'}`,
    got: target,
  });
}
