import type { ScheduleEntry, ScheduleWindow } from '../../../model/autoscale.ts';
import type { XTenfoldAutoscale } from '../../schema/tenfold/autoscale.ts';
import { milliseconds } from '../balancing.ts';
import { parseCron, parseDays, parseHours } from './cron.ts';
import type { Place } from './place.ts';

type EntryConfig = NonNullable<XTenfoldAutoscale['schedule']>[number];

const everyDay = [0, 1, 2, 3, 4, 5, 6];
const dayMinutes = 24 * 60;

/** Bounds by time, in the order of the file. */
export function scheduleEntries(place: Place): ScheduleEntry[] {
  return (place.autoscale.schedule ?? []).flatMap((entry, index) => {
    const when = windowOf(entry, index, place);
    const timeZone = timeZoneOf(entry, index, place);
    checkBounds(entry, index, place);
    return when === undefined ? [] : [{ when, timeZone, min: entry.min, max: entry.max }];
  });
}

function windowOf(entry: EntryConfig, index: number, place: Place): ScheduleWindow | undefined {
  const { cron, duration, days, hours } = entry;
  const isByHours = days !== undefined || hours !== undefined;
  if ((cron !== undefined) === isByHours) {
    place.fault(['schedule', index], 'an entry of the schedule says when it holds in one way', {
      expected: 'cron with duration, or days and hours',
      got: isByHours ? 'both' : 'neither',
    });
    return undefined;
  }
  return cron === undefined
    ? hoursWindow(days, hours, index, place)
    : cronWindow(cron, duration, index, place);
}

function hoursWindow(
  days: readonly string[] | undefined,
  hours: string | undefined,
  index: number,
  place: Place,
): ScheduleWindow | undefined {
  const parsedDays = days === undefined ? { value: everyDay } : parseDays(days);
  const parsedHours = hours === undefined ? { value: [0, dayMinutes] as const } : parseHours(hours);
  if ('problem' in parsedDays) {
    const expected = 'days such as mon, or mon-fri';
    place.fault(['schedule', index, 'days'], parsedDays.problem, { expected, got: days?.join(', ') ?? '' });
    return undefined;
  }
  if ('problem' in parsedHours) {
    const expected = 'hours such as 08:00-18:00';
    place.fault(['schedule', index, 'hours'], parsedHours.problem, { expected, got: hours ?? '' });
    return undefined;
  }
  const [from, until] = parsedHours.value;
  return { kind: 'hours', days: parsedDays.value, from, until };
}

function cronWindow(
  text: string,
  duration: string | undefined,
  index: number,
  place: Place,
): ScheduleWindow | undefined {
  const cron = parseCron(text);
  if ('problem' in cron) {
    const expected = 'minute, hour, day of the month, month and day of the week: 0 8 * * mon-fri';
    place.fault(['schedule', index, 'cron'], `${text} is no cron expression: ${cron.problem}`, {
      expected,
      got: text,
    });
    return undefined;
  }
  const durationMinutes = milliseconds(duration, 0) / 60_000;
  if (durationMinutes >= 1 && durationMinutes <= 7 * dayMinutes)
    return { kind: 'cron', cron: cron.value, durationMinutes: Math.round(durationMinutes) };
  const keys = duration === undefined ? [] : ['duration'];
  place.fault(['schedule', index, ...keys], 'cron says when an entry begins, duration how long it holds', {
    expected: 'a duration from 1m to 7d',
    got: duration ?? 'none',
  });
  return undefined;
}

function timeZoneOf({ time_zone: timeZone }: EntryConfig, index: number, place: Place): string {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (timeZone === undefined) return own;
  try {
    return new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone;
  } catch {
    place.fault(['schedule', index, 'time_zone'], `${timeZone} is no time zone`, {
      expected: 'a name such as Europe/Berlin',
      got: timeZone,
    });
    return own;
  }
}

function checkBounds({ min, max }: EntryConfig, index: number, { autoscale, fault }: Place): void {
  if (min === undefined && max === undefined) {
    fault(['schedule', index], 'an entry of the schedule changes nothing', { expected: 'min, max or both' });
    return;
  }
  const least = min ?? autoscale.min ?? 1;
  const most = max ?? autoscale.max ?? 1;
  if (least <= most) return;
  const key = min === undefined ? 'max' : 'min';
  fault(['schedule', index, key], `while this entry holds, min ${least} is above max ${most}`, {
    expected: `min at most ${most}`,
    got: String(least),
  });
}
