import type { CronFields } from '../../../model/autoscale.ts';

interface Field {
  readonly name: string;
  readonly first: number;
  readonly last: number;
  readonly names?: readonly string[];
}

export const dayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
const monthNames = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

const minuteField: Field = { name: 'minute', first: 0, last: 59 };
const hourField: Field = { name: 'hour', first: 0, last: 23 };
const dayOfMonthField: Field = { name: 'day of the month', first: 1, last: 31 };
const monthField: Field = { name: 'month', first: 1, last: 12, names: monthNames };
/** 7 is Sunday too. */
const dayOfWeekField: Field = { name: 'day of the week', first: 0, last: 7, names: dayNames };

export type Parsed<Value> = { readonly value: Value } | { readonly problem: string };

/** The five fields of crontab(5), with lists, ranges, steps and names. */
export function parseCron(text: string): Parsed<CronFields> {
  const words = text.trim().toLowerCase().split(/\s+/);
  const [minute, hour, dayOfMonth, month, dayOfWeek] = words;
  if (words.length !== 5 || minute === undefined || hour === undefined)
    return { problem: 'it has not five fields' };
  const fields = [
    parseField(minute, minuteField),
    parseField(hour, hourField),
    parseField(dayOfMonth ?? '', dayOfMonthField),
    parseField(month ?? '', monthField),
    parseField(dayOfWeek ?? '', dayOfWeekField),
  ];
  const values: (readonly number[])[] = [];
  for (const field of fields) {
    if ('problem' in field) return field;
    values.push(field.value);
  }
  const [minutes = [], hours = [], daysOfMonth = [], months = [], weekdays = []] = values;
  const isRestricted = (word: string | undefined) => word?.startsWith('*') === false;
  const daysOfWeek = distinct(weekdays.map((day) => day % 7));
  const isEitherDay = isRestricted(dayOfMonth) && isRestricted(dayOfWeek);
  return { value: { text, minutes, hours, daysOfMonth, months, daysOfWeek, isEitherDay } };
}

/** Days from 0, Sunday, of words such as `mon`, `mon-fri` or `fri-mon`. */
export function parseDays(words: readonly string[]): Parsed<number[]> {
  const days: number[] = [];
  for (const word of words.flatMap((each) => each.toLowerCase().split(','))) {
    const [from = '', to = from] = word.trim().split('-');
    const first = dayNames.findIndex((name) => name === from);
    const last = dayNames.findIndex((name) => name === to);
    if (first === -1 || last === -1) return { problem: `${word} is no day` };
    for (let day = first; ; day = (day + 1) % 7) {
      days.push(day);
      if (day === last) break;
    }
  }
  return { value: distinct(days) };
}

/** Minutes of the day of `08:00-18:30`; `24:00` is the end of a day. */
export function parseHours(text: string): Parsed<readonly [from: number, until: number]> {
  const match = /^(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})$/.exec(text);
  const [fromHour = 99, fromMinute = 99, toHour = 99, toMinute = 99] = match?.slice(1).map(Number) ?? [];
  const from = fromHour * 60 + fromMinute;
  const until = toHour * 60 + toMinute;
  const isTime = fromHour <= 23 && fromMinute <= 59 && toMinute <= 59 && until <= 24 * 60;
  if (!isTime) return { problem: `${text} are no hours of a day` };
  return from === until ? { problem: `${text} is no time at all` } : { value: [from, until] };
}

function parseField(word: string, field: Field): Parsed<number[]> {
  const values: number[] = [];
  for (const part of word.split(',')) {
    const match = /^(?:(\*)|([a-z0-9]+)(?:-([a-z0-9]+))?)(?:\/([0-9]+))?$/.exec(part);
    const step = match?.[4] === undefined ? 1 : Number(match[4]);
    const isAll = match?.[1] === '*';
    const first = isAll ? field.first : numberOf(match?.[2], field);
    const last =
      isAll || (match?.[3] === undefined && match?.[4] !== undefined)
        ? field.last
        : numberOf(match?.[3] ?? match?.[2], field);
    if (match === null || first === undefined || last === undefined || first > last || step < 1)
      return { problem: `${part === '' ? 'nothing' : part} is no ${field.name}` };
    for (let value = first; value <= last; value += step) values.push(value);
  }
  return { value: distinct(values) };
}

function numberOf(word: string | undefined, { first, last, names = [] }: Field): number | undefined {
  if (word === undefined) return undefined;
  const named = names.indexOf(word);
  // Names of months count from the first, those of days from 0, as both fields do.
  const value = named === -1 ? Number(word) : named + first;
  return Number.isInteger(value) && value >= first && value <= last ? value : undefined;
}

function distinct(values: readonly number[]): number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}
