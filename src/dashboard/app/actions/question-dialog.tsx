import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { drainAction, scaleAction, type Action } from '../../view/actions.ts';
import { usePage, type Question } from '../page-context.ts';
import { ErrorView, PlanView } from './plan-view.tsx';
import { planAction, type ActionPlan, type ActionResult } from './run-action.ts';

/** A number that is typed is planned for once the typing pauses. */
const typingMs = 250;
const maxReplicas = 10_000;

interface Properties {
  readonly question: Question;
  readonly onAgree: (action: Action) => void;
  readonly onClose: () => void;
}

/** Says what will happen, by the daemon's own plan, and asks. */
export function QuestionDialog({ question, onAgree, onClose }: Properties): JSX.Element {
  const { live } = usePage();
  const dialog = useRef<HTMLDialogElement>(null);
  const service =
    question.kind === 'scale'
      ? live.stacks
          ?.find(({ name }) => name === question.stack)
          ?.services.find(({ name }) => name === question.service)
      : undefined;
  // What it was when the question was asked: the answer is about that, whatever happens meanwhile.
  const [initial] = useState(service);
  const [replicas, setReplicas] = useState(initial?.desired ?? 0);
  const [isForced, setForced] = useState(false);
  const action = actionOf(question, initial, replicas, isForced);
  const plan = usePlan(action, live.hello?.user ?? '');

  useEffect(() => {
    dialog.current?.showModal();
    // The answer that changes nothing would be first; what is asked for is a number.
    dialog.current?.querySelector('input')?.select();
  }, []);
  const isSame = initial !== undefined && replicas === initial.desired;
  const canForce =
    question.kind === 'action' && question.action.path === 'drain' && !isForced && isLastReplica(plan);
  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby="question" class="dialog">
      <form
        method="dialog"
        onSubmit={(event) => {
          event.preventDefault();
          dialog.current?.close();
          onAgree(action);
        }}
      >
        <h2 id="question">{action.title}</h2>
        {initial !== undefined && (
          <Stepper value={replicas} before={initial.desired} onChange={setReplicas} />
        )}
        <p>{action.explanation}</p>
        <div
          class={action.hasPlan ? 'plan' : 'unseen'}
          role="status"
          aria-live="polite"
          aria-busy={plan === undefined}
        >
          {plan === undefined && <p class="quiet">Asking the daemon what it would do…</p>}
          {plan?.kind === 'done' && plan.value !== undefined && <PlanView plan={plan.value} />}
          {plan?.kind === 'failed' && <ErrorView error={plan.error} />}
        </div>
        {canForce && (
          <p>
            <button type="button" onClick={() => setForced(true)}>
              Drain it all the same…
            </button>
          </p>
        )}
        <p class="command">
          On the command line: <code>tenfold {action.commandLine}</code>
        </p>
        <div class="dialog-buttons">
          <button type="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button
            type="submit"
            class={action.isDangerous ? 'primary danger' : 'primary'}
            disabled={plan?.kind !== 'done' || isSame}
          >
            {action.verb}
          </button>
        </div>
      </form>
    </dialog>
  );
}

function actionOf(
  question: Question,
  service: Parameters<typeof scaleAction>[1] | undefined,
  replicas: number,
  isForced: boolean,
): Action {
  if (question.kind === 'scale') {
    if (service !== undefined) return scaleAction(question.stack, service, replicas);
    throw new Error(`there is no service ${question.service}`);
  }
  const { action } = question;
  const { instance } = action.body;
  return isForced && typeof instance === 'string' ? drainAction(action.stack, instance, true) : action;
}

function Stepper({
  value,
  before,
  onChange,
}: {
  readonly value: number;
  readonly before: number;
  readonly onChange: (value: number) => void;
}): JSX.Element {
  const set = (next: number): void => {
    if (Number.isInteger(next) && next >= 0 && next <= maxReplicas) onChange(next);
  };
  return (
    <div class="stepper">
      <label for="replicas">Replicas</label>
      <button type="button" aria-label="One less" disabled={value <= 0} onClick={() => set(value - 1)}>
        −
      </button>
      <input
        id="replicas"
        type="number"
        min={0}
        max={maxReplicas}
        value={value}
        onInput={({ currentTarget }) => set(currentTarget.valueAsNumber)}
      />
      <button type="button" aria-label="One more" onClick={() => set(value + 1)}>
        +
      </button>
      <span class="quiet">now {before}</span>
    </div>
  );
}

/** The daemon's plan of the action; undefined while it is asked for. */
function usePlan(action: Action, user: string): ActionResult<ActionPlan | undefined> | undefined {
  const [plan, setPlan] = useState<ActionResult<ActionPlan | undefined> | undefined>();
  const key = JSON.stringify(action.body);
  useEffect(() => {
    if (!action.hasPlan) return setPlan({ kind: 'done', value: undefined });
    const abort = new AbortController();
    setPlan(undefined);
    const ask = async (): Promise<void> => {
      const result = await planAction(action, user, abort.signal);
      if (!abort.signal.aborted) setPlan(result);
    };
    const timer = setTimeout(() => void ask(), typingMs);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
    // The body is all that makes one action differ from another within a dialog.
  }, [key]);
  return plan;
}

function isLastReplica(plan: ActionResult<ActionPlan | undefined> | undefined): boolean {
  return plan?.kind === 'failed' && plan.error.code === 'last-replica';
}
