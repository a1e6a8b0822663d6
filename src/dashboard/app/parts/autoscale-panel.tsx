import type { JSX } from 'preact';
import type { MetricFinding } from '../../../autoscale/decision.ts';
import type { AutoscaleStatus } from '../../../daemon/autoscale-api.ts';
import { pauseAutoscaleAction } from '../../view/actions.ts';
import { turningPoints } from '../../view/decisions.ts';
import { formatAge, formatTime } from '../../view/format.ts';
import type { Tone } from '../../view/states.ts';
import { DecisionChart } from '../charts/decision-chart.tsx';
import { usePage } from '../page-context.ts';
import { Toned } from './tone.tsx';

const maxTurningPoints = 12;

const modes: Record<AutoscaleStatus['mode'], readonly [tone: Tone, text: string]> = {
  active: ['good', 'active'],
  shadow: ['quiet', 'shadow: decides and changes nothing'],
  paused: ['doubtful', 'paused by hand'],
  stopped: ['quiet', 'the service is stopped'],
};

/** How the number of replicas is decided, and why it is what it is. */
export function AutoscalePanel({
  status,
  rangeMs,
}: {
  readonly status: AutoscaleStatus;
  readonly rangeMs: number;
}): JSX.Element {
  const { live, now, ask } = usePage();
  const { stack, service, mode, min, max, current, decision, nextAt } = status;
  const [tone, text] = modes[mode];
  const action = pauseAutoscaleAction(stack, service, mode !== 'paused');
  return (
    <section class="panel" aria-labelledby="autoscaler">
      <div class="panel-head">
        <h2 id="autoscaler">Autoscaler</h2>
        <Toned tone={tone}>{text}</Toned>
        <span class="quiet">
          {current} now, {min} to {max} allowed
        </span>
        {(mode === 'active' || mode === 'paused') && (
          <button type="button" class="small" onClick={() => ask({ kind: 'action', action })}>
            {action.verb}…
          </button>
        )}
      </div>
      {decision === undefined ? (
        <p class="quiet">Nothing has been decided yet.</p>
      ) : (
        <>
          <p class="decision-sentence">
            <strong>{decision.sentence}</strong>{' '}
            <span class="quiet">
              {formatAge(now - decision.at)} ago
              {mode === 'active' && nextAt > now && `, again in ${formatAge(nextAt - now)}`}
            </span>
          </p>
          <ul class="findings">
            {decision.findings.map((finding) => (
              <Finding key={`${finding.kind} ${finding.target}`} finding={finding} />
            ))}
          </ul>
        </>
      )}
      {live.decisions.length > 1 && (
        <>
          <DecisionChart decisions={live.decisions} from={now - rangeMs} to={now} />
          <ol class="events" aria-label="What was decided, newest first">
            {turningPoints(live.decisions)
              .slice(0, maxTurningPoints)
              .map(({ at, sentence, from, to }) => (
                <li key={at} class="event event-short">
                  <time dateTime={new Date(at).toISOString()}>{formatTime(at, now)}</time>
                  <span class={from === to ? 'quiet' : 'strong'}>{sentence}</span>
                </li>
              ))}
          </ol>
        </>
      )}
    </section>
  );
}

/** One metric: where it is, and where it should be. */
function Finding({ finding }: { readonly finding: MetricFinding }): JSX.Element {
  const { text, current, target, note } = finding;
  const share = current === undefined || target <= 0 ? undefined : current / target;
  return (
    <li>
      <span class="finding-track" aria-hidden="true">
        {share !== undefined && (
          <span
            class={`finding-bar${share > 1.1 ? ' finding-over' : ''}`}
            style={{ width: `${Math.min(100, share * 66.7)}%` }}
          />
        )}
        <i />
      </span>
      <span>
        {text}
        {note !== undefined && <span class="quiet"> ({note})</span>}
      </span>
    </li>
  );
}
