import type { AutoscalePolicy, CronFields, ScheduleEntry, ScheduleWindow } from '../../model/autoscale.ts';

const minuteMs = 60_000;
const dayMinutes = 24 * 60;

export interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly isScheduled: boolean;
}

/** The bounds in force: those of the first entry that holds now, and where it says nothing, or none holds, the policy's own. */
export function boundsAt(policy: Pick<AutoscalePolicy, 'min' | 'max' | 'schedule'>, now: number): Bounds {
  const entry = policy.schedule.find((each) => holds(each, now));
  if (entry === undefined) return { min: policy.min, max: policy.max, isScheduled: false };
  return { min: entry.min ?? policy.min, max: entry.max ?? policy.max, isScheduled: true };
}

function holds({ when, timeZone }: ScheduleEntry, now: number): boolean {
  const local = wallClock(now, timeZone);
  return when.kind === 'hours'
    ? isWithinHours(when, local)
    : isAfterMatch(when.cron, when.durationMinutes, local);
}

/** Beyond midnight the hours belong to the day on which they began. */
function isWithinHours({ days, from, until }: ScheduleWindow & { kind: 'hours' }, local: Date): boolean {
  const minute = local.getUTCHours() * 60 + local.getUTCMinutes();
  const today = local.getUTCDay();
  if (until > from) return days.includes(today) && minute >= from && minute < until;
  return (days.includes(today) && minute >= from) || (days.includes((today + 6) % 7) && minute < until);
}

/** Whether some minute of the last `durationMinutes`, this one included, matches. */
function isAfterMatch(cron: CronFields, durationMinutes: number, local: Date): boolean {
  const minute = Math.floor(local.getTime() / minuteMs);
  const earliest = minute - Math.min(durationMinutes, 7 * dayMinutes) + 1;
  for (let at = minute; at >= earliest;) {
    const time = new Date(at * minuteMs);
    if (!matchesDay(cron, time)) at -= time.getUTCHours() * 60 + time.getUTCMinutes() + 1;
    else if (!cron.hours.includes(time.getUTCHours())) at -= time.getUTCMinutes() + 1;
    else if (cron.minutes.includes(time.getUTCMinutes())) return true;
    else at -= 1;
  }
  return false;
}

function matchesDay({ months, daysOfMonth, daysOfWeek, isEitherDay }: CronFields, time: Date): boolean {
  if (!months.includes(time.getUTCMonth() + 1)) return false;
  const byMonth = daysOfMonth.includes(time.getUTCDate());
  const byWeek = daysOfWeek.includes(time.getUTCDay());
  return isEitherDay ? byMonth || byWeek : byMonth && byWeek;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** What the clocks of a time zone show, as if it were UTC. */
function wallClock(now: number, timeZone: string): Date {
  const format = formats.get(timeZone) ?? newFormat(timeZone);
  const parts = new Map(format.formatToParts(now).map(({ type, value }) => [type, Number(value)]));
  const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
  return new Date(Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute')));
}

function newFormat(timeZone: string): Intl.DateTimeFormat {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  });
  formats.set(timeZone, format);
  return format;
}
