import type { AutoscalePolicy, ScalingRules } from '../model/autoscale.ts';
import type { Decision, DecisionReason, MetricFinding } from './decision.ts';
import { connectionCap, memoryCap, type Cap } from './limits/cap.ts';
import { downLimit, upLimit } from './limits/rate.ts';
import { boundsAt, type Bounds } from './limits/schedule.ts';
import { stabilise } from './limits/stabilise.ts';
import type { AutoscaleInput } from './reading.ts';
import { findAll, recommend, recommendFromZero, type Recommended } from './recommend.ts';
import { pruned, type AutoscaleState } from './state.ts';
import { formatWait } from './words.ts';

/** A count, what settled it, and what there is to say of that. */
interface Step {
  readonly replicas: number;
  readonly reason: DecisionReason;
  /** Clauses of the sentence. */
  readonly texts: readonly string[];
}

/** The state once it is known whether the decision came about. */
export function stateAfter(before: AutoscaleState, decided: Decided, wasCarriedOut: boolean): AutoscaleState {
  return wasCarriedOut ? decided.state : { ...decided.state, events: before.events };
}

export interface Decided {
  readonly decision: Decision;
  /** For the next decision, once this one was carried out. */
  readonly state: AutoscaleState;
}

/** How many replicas a service shall have now, and why. Pure: (policy, state, input) → decision and the state after it. */
export function decide(policy: AutoscalePolicy, before: AutoscaleState, input: AutoscaleInput): Decided {
  const { now, current } = input;
  const bounds = boundsAt(policy, now);
  const findings = findAll(policy, input);
  const state = pruned(before, policy, now);
  if (input.isPaused) {
    const texts = ['paused, until `tenfold autoscale resume`'];
    return finish(policy, state, input, bounds, findings, { replicas: current, reason: 'paused', texts });
  }
  const outside = outsideOf(bounds, current);
  if (outside !== undefined)
    return finish(policy, state, input, bounds, findings, guard(outside, policy, input));
  const recommended = bounds.min === 0 ? recommendFromZero(findings, input) : recommend(findings, current);
  if (recommended.kind === 'unknown') {
    const texts = [recommended.text];
    return finish(policy, state, input, bounds, findings, { replicas: current, reason: 'unknown', texts });
  }
  const step = guard(limit(recommended, bounds, policy, state, input), policy, input);
  const { replicas } = recommended;
  const recommendations = [...state.recommendations, { at: now, replicas }];
  const decided = finish(policy, { ...state, recommendations }, input, bounds, findings, step);
  return { ...decided, decision: { ...decided.decision, recommended: replicas } };
}

/** A count outside its bounds is brought to the nearest at once, whatever the metrics say. */
function outsideOf({ min, max, isScheduled }: Bounds, current: number): Step | undefined {
  const by = isScheduled ? ' by the schedule' : '';
  if (current > max) return { replicas: max, reason: 'bounds', texts: [`at most ${max} are allowed${by}`] };
  if (current < min) return { replicas: min, reason: 'bounds', texts: [`at least ${min} are wanted${by}`] };
  return undefined;
}

/** Window, then rate, then bounds: what of a recommendation may come about now. */
function limit(
  recommended: Recommended & { kind: 'known' },
  bounds: Bounds,
  policy: AutoscalePolicy,
  state: AutoscaleState,
  { now, current }: AutoscaleInput,
): Step {
  const { replicas: wanted, text } = recommended;
  const load: DecisionReason =
    wanted === current && !recommended.isIdle ? 'on target' : recommended.isIdle ? 'idle' : 'load';
  if (current === 0) {
    const reason = wanted > 0 ? 'waking' : 'idle';
    return { replicas: Math.min(wanted, bounds.max), reason, texts: [text] };
  }
  if (current === bounds.min && wanted < current)
    return { replicas: current, reason: 'on target', texts: [text, boundText(bounds, 'min')] };
  const stable = stabilise(wanted, current, state.recommendations, policy, now);
  let step: Step = { replicas: stable.replicas, reason: load, texts: [text] };
  if (stable.until !== undefined) {
    const direction = wanted < stable.replicas ? 'scale-down' : 'scale-up';
    const rest = stable.replicas === current ? '' : ` to ${wanted}`;
    step = narrowed(
      step,
      stable.replicas,
      'stabilization',
      `${direction}${rest} waits ${formatWait(stable.until - now)} more`,
    );
  }
  const { scaleUp, scaleDown } = policy;
  const most = upLimit(current, scaleUp, state.events, now);
  if (step.replicas > Math.min(most, bounds.max))
    step =
      most < bounds.max
        ? limitedByRate(step, most, scaleUp, 'up')
        : narrowed(step, bounds.max, 'bounds', boundText(bounds, 'max'));
  const least = downLimit(current, scaleDown, state.events, now);
  if (step.replicas < Math.max(least, bounds.min))
    step =
      least > bounds.min
        ? limitedByRate(step, least, scaleDown, 'down')
        : narrowed(step, bounds.min, 'bounds', boundText(bounds, 'min'));
  return step;
}

function limitedByRate(step: Step, replicas: number, rules: ScalingRules, direction: 'up' | 'down'): Step {
  if (rules.selectPolicy === 'Disabled')
    return narrowed(step, replicas, 'disabled', `scale_${direction} is disabled`);
  const policies = rules.policies.map(
    ({ type, value, periodMs }) => `${value}${type === 'Pods' ? '' : ' %'} in ${formatWait(periodMs)}`,
  );
  return narrowed(
    step,
    replicas,
    'rate',
    `scale_${direction} allows ${replicas} for now (${policies.join(', ')})`,
  );
}

function boundText({ min, max, isScheduled }: Bounds, bound: 'min' | 'max'): string {
  return `${bound} is ${bound === 'min' ? min : max}${isScheduled ? ' by the schedule' : ''}`;
}

/** What the machine, other services or a rollout do not allow, whatever asks for it. */
function guard(step: Step, policy: AutoscalePolicy, input: AutoscaleInput): Step {
  const { current } = input;
  if (step.replicas < current && input.isRollingOut) {
    return narrowed(step, current, 'rollout', 'a rollout is under way, and scale-down waits for its end');
  }
  if (step.replicas <= current) return step;
  const caps = [
    memoryCap(input.memory, current),
    ...policy.connections.map((budget) =>
      connectionCap(
        budget,
        input.connections.find(({ service }) => service === budget.service),
      ),
    ),
  ].filter((cap): cap is Cap => cap !== undefined);
  const [lowest] = caps.sort((a, b) => a.replicas - b.replicas);
  if (lowest === undefined || lowest.replicas >= step.replicas) return step;
  return narrowed(step, Math.max(current, lowest.replicas), lowest.by, lowest.text);
}

function narrowed(step: Step, replicas: number, reason: DecisionReason, text: string): Step {
  return { replicas, reason, texts: [...step.texts, text] };
}

function finish(
  policy: AutoscalePolicy,
  state: AutoscaleState,
  { now, current }: AutoscaleInput,
  { min, max }: Bounds,
  findings: readonly MetricFinding[],
  { replicas, reason, texts }: Step,
): Decided {
  const what =
    replicas === current
      ? `held at ${current}`
      : `${policy.isShadow ? 'would be scaled' : 'scaled'} from ${current} to ${replicas}`;
  const sentence = `${what}: ${texts.join('; ')}`;
  const decision = { at: now, from: current, to: replicas, reason, sentence, min, max, findings };
  if (replicas === current || policy.isShadow) return { decision, state };
  return {
    decision,
    state: { ...state, events: [...state.events, { at: now, change: replicas - current }] },
  };
}
