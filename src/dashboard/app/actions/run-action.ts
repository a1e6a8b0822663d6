import type {
  ChangeMessage,
  ChangeReport,
  PlannedOperation,
  StackEvent,
} from '../../../daemon/control-api.ts';
import type { Action } from '../../view/actions.ts';

/** An error as the control API tells it. */
export interface ActionError {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly details: readonly string[];
}

export interface ActionPlan {
  readonly text: string;
  readonly operations: readonly PlannedOperation[];
}

export type ActionResult<Value> =
  { readonly kind: 'done'; readonly value: Value } | { readonly kind: 'failed'; readonly error: ActionError };

/** What the change would do; nothing is done. */
export function planAction(
  action: Action,
  user: string,
  signal: AbortSignal,
): Promise<ActionResult<ActionPlan | undefined>> {
  return send<ActionPlan>(action, { user, isDryRun: true, signal }, (message) =>
    message.type === 'plan' ? message : undefined,
  );
}

/** Has the change carried out, and tells its events as they come. A page that closes does not stop it. */
export function runAction(
  action: Action,
  user: string,
  onEvent: (event: StackEvent) => void,
): Promise<ActionResult<ChangeReport | undefined>> {
  return send<ChangeReport>(action, { user, isDryRun: false }, (message) => {
    if (message.type === 'event') onEvent(message.event);
    return message.type === 'report' ? message.report : undefined;
  });
}

interface SendOptions {
  readonly user: string;
  readonly isDryRun: boolean;
  readonly signal?: AbortSignal;
}

async function send<Value extends object>(
  action: Action,
  { user, isDryRun, signal }: SendOptions,
  take: (message: ChangeMessage) => Value | undefined,
): Promise<ActionResult<Value | undefined>> {
  const requester = { user, commandLine: `tenfold ${action.commandLine} (from the dashboard)` };
  const body = JSON.stringify({ ...action.body, requester, ...(isDryRun && { isDryRun }) });
  try {
    const response = await fetch(`v1/stacks/${encodeURIComponent(action.stack)}/${action.path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      ...(signal !== undefined && { signal }),
    });
    let value: Value | undefined;
    let isAcknowledged = false;
    for await (const line of linesOf(response)) {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- control-api.ts says what the daemon sends
      const message = JSON.parse(line) as
        ChangeMessage | { readonly error: ActionError } | readonly unknown[];
      if ('error' in message) return { kind: 'failed', error: message.error };
      if ('type' in message) value = take(message) ?? value;
      else isAcknowledged = true;
    }
    if (value !== undefined) return { kind: 'done', value };
    if (isAcknowledged) return { kind: 'done', value: undefined };
    return unreachable('the daemon went away before this was done');
  } catch (thrown) {
    return unreachable(
      `the daemon does not answer (${thrown instanceof Error ? thrown.message : String(thrown)})`,
    );
  }
}

function unreachable(message: string): { readonly kind: 'failed'; readonly error: ActionError } {
  const hint = 'what was begun goes on as soon as the daemon is back; the events say how far it is';
  return { kind: 'failed', error: { code: 'daemon-unreachable', message, hint, details: [] } };
}

async function* linesOf(response: Response): AsyncGenerator<string, void, undefined> {
  if (response.body === null) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value = '' } = await reader.read();
    const lines = (rest + value).split('\n');
    rest = lines.pop() ?? '';
    yield* lines.filter((line) => line !== '');
    if (done) break;
  }
  if (rest !== '') yield rest;
}
