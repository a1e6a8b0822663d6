import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { boundsAt } from '../../src/autoscale/limits/schedule.ts';
import { parseCron, parseDays, parseHours } from '../../src/compose/stack/autoscale/cron.ts';
import type { ScheduleEntry, ScheduleWindow } from '../../src/model/autoscale.ts';

function holds(when: ScheduleWindow, time: string, timeZone = 'UTC'): boolean {
  const entry: ScheduleEntry = { when, timeZone, min: 3, max: undefined };
  return boundsAt({ min: 1, max: 9, schedule: [entry] }, Date.parse(time)).min === 3;
}

function hours(days: string, range: string): ScheduleWindow {
  const [parsedDays, parsedHours] = [parseDays([days]), parseHours(range)];
  assert.ok('value' in parsedDays && 'value' in parsedHours);
  const [from, until] = parsedHours.value;
  return { kind: 'hours', days: parsedDays.value, from, until };
}

function cron(text: string, durationMinutes: number): ScheduleWindow {
  const parsed = parseCron(text);
  assert.ok('value' in parsed, text);
  return { kind: 'cron', cron: parsed.value, durationMinutes };
}

// 2026-11-23 is a Monday.
const rows: readonly (readonly [
  what: string,
  when: ScheduleWindow,
  time: string,
  holds: boolean,
  zone?: string,
])[] = [
  ['from its first minute', hours('mon-fri', '08:00-18:00'), '2026-11-23T08:00:00Z', true],
  ['up to its last', hours('mon-fri', '08:00-18:00'), '2026-11-23T17:59:59Z', true],
  ['not at its end', hours('mon-fri', '08:00-18:00'), '2026-11-23T18:00:00Z', false],
  ['not on another day', hours('mon-fri', '08:00-18:00'), '2026-11-22T12:00:00Z', false],
  ['in its own time zone', hours('mon-fri', '08:00-18:00'), '2026-11-23T07:30:00Z', true, 'Europe/Berlin'],
  [
    'by summer time in summer',
    hours('mon-fri', '08:00-18:00'),
    '2026-07-20T06:30:00Z',
    true,
    'Europe/Berlin',
  ],
  ['on the day of its time zone', hours('mon', '00:00-01:00'), '2026-11-22T23:30:00Z', true, 'Europe/Berlin'],
  [
    'beyond midnight, by the day on which it began',
    hours('sun', '22:00-06:00'),
    '2026-11-23T05:59:00Z',
    true,
  ],
  ['not beyond midnight of another day', hours('mon', '22:00-06:00'), '2026-11-23T05:59:00Z', false],
  ['around the end of the week', hours('sat-sun', '00:00-24:00'), '2026-11-22T23:59:00Z', true],
  ['from a match of cron on', cron('0 8 * * mon-fri', 600), '2026-11-23T08:00:30Z', true],
  ['for its duration', cron('0 8 * * mon-fri', 600), '2026-11-23T17:59:00Z', true],
  ['and no longer', cron('0 8 * * mon-fri', 600), '2026-11-23T18:00:00Z', false],
  ['over midnight and days', cron('0 20 * * fri', 60 * 24 * 3), '2026-11-23T19:59:00Z', true],
  ['at steps', cron('*/15 * * * *', 5), '2026-11-23T09:49:00Z', true],
  ['between steps', cron('*/15 * * * *', 5), '2026-11-23T09:50:00Z', false],
  ['on the last day of a list', cron('0 0 1,15,23 11 *', 1440), '2026-11-23T12:00:00Z', true],
  ['on either day where both are given', cron('0 0 1 * mon', 1440), '2026-11-23T12:00:00Z', true],
  ['on the day of the week alone', cron('0 0 */2 * mon', 1440), '2026-11-24T12:00:00Z', false],
];

describe('an entry of the schedule holds', () => {
  for (const [what, when, time, expected, zone] of rows)
    test(what, () => assert.equal(holds(when, time, zone), expected));

  test('before those after it, and leaves what it does not say to the policy', () => {
    const entry = (min: number | undefined, max: number | undefined): ScheduleEntry => ({
      when: hours('mon-sun', '00:00-24:00'),
      timeZone: 'UTC',
      min,
      max,
    });
    const now = Date.parse('2026-11-23T12:00:00Z');
    const schedule = [entry(2, undefined), entry(5, 6)];
    assert.deepEqual(boundsAt({ min: 1, max: 9, schedule }, now), { min: 2, max: 9, isScheduled: true });
    assert.deepEqual(boundsAt({ min: 1, max: 9, schedule: [] }, now), { min: 1, max: 9, isScheduled: false });
  });
});

describe('cron', () => {
  const fields = (text: string) => {
    const parsed = parseCron(text);
    assert.ok('value' in parsed, text);
    return parsed.value;
  };

  test('takes lists, ranges, steps and names', () => {
    const { minutes, hours, months, daysOfWeek } = fields('5,10-12,40/10 */6 * jan-mar SUN,5-7');
    assert.deepEqual(minutes, [5, 10, 11, 12, 40, 50]);
    assert.deepEqual(hours, [0, 6, 12, 18]);
    assert.deepEqual(months, [1, 2, 3]);
    assert.deepEqual(daysOfWeek, [0, 5, 6]);
  });

  for (const text of [
    '',
    '* * * *',
    '60 * * * *',
    '* * 0 * *',
    '5-1 * * * *',
    '*/0 * * * *',
    '* * * foo *',
    '1.5 * * * *',
    '- * * * *',
    ', * * * *',
  ]) {
    test(`refuses ${JSON.stringify(text)}`, () => assert.ok('problem' in parseCron(text)));
  }

  for (const text of ['8:00', '25:00-26:00', '08:00-08:00', '08:60-09:00', '09:00-24:01'])
    test(`hours: refuses ${text}`, () => assert.ok('problem' in parseHours(text)));
});
