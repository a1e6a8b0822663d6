import type { JSX } from 'preact';
import { summarisePlan } from '../../view/plan-words.ts';
import type { ActionError, ActionPlan } from './run-action.ts';

const maxOperations = 8;

/** What would be done: in a few words, then step by step. */
export function PlanView({ plan }: { readonly plan: ActionPlan }): JSX.Element {
  const { operations, text } = plan;
  const shown = operations.slice(0, maxOperations);
  return (
    <>
      <p>
        <strong>{summarisePlan(operations)}</strong>
      </p>
      {shown.length > 0 && (
        <ul class="operations">
          {shown.map(({ kind, service, instance, cause }, index) => (
            <li key={index}>
              <b>{kind}</b> {instance ?? service} <span class="quiet">{cause}</span>
            </li>
          ))}
        </ul>
      )}
      {operations.length > shown.length && (
        <details>
          <summary>All {operations.length} steps</summary>
          <pre tabindex={0}>{text}</pre>
        </details>
      )}
    </>
  );
}

/** What the API refused, why, and what to do about it. */
export function ErrorView({ error }: { readonly error: ActionError }): JSX.Element {
  return (
    <div class="error">
      <p>
        <strong>{error.message}</strong> <code>{error.code}</code>
      </p>
      {error.details?.length > 0 && <pre tabindex={0}>{error.details.join('\n')}</pre>}
      {error.hint !== undefined && <p>{error.hint}</p>}
    </div>
  );
}
