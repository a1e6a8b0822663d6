import type { JSX } from 'preact';
import { memo } from 'preact/compat';
import { isAlarming, type ShownLine } from '../../view/log-lines.ts';

const twoDigits = (value: number): string => String(value).padStart(2, '0');

/** One line of a log: time, replica, text with what was searched for marked. */
export const LogLineView = memo(function LogLineView({
  line,
  search,
}: {
  readonly line: ShownLine;
  readonly search: string;
}): JSX.Element {
  const { time, instance, stream, text, parsed } = line;
  return (
    <div class={`line line-${isAlarming(line) ? 'alarming' : stream}`}>
      <time dateTime={new Date(time).toISOString()}>{clockOf(time)}</time>
      <span class="line-instance">{instance}</span>
      {stream === 'stderr' && <span class="unseen">stderr</span>}
      <span class="line-text">
        {parsed === undefined ? (
          <Marked text={text} search={search} />
        ) : (
          <>
            {parsed.level !== undefined && <span class={`level level-${parsed.level}`}>{parsed.level}</span>}{' '}
            <Marked text={parsed.message} search={search} />{' '}
            <span class="quiet">
              <Marked text={parsed.fields} search={search} />
            </span>
          </>
        )}
      </span>
    </div>
  );
});

/** Local time with milliseconds: logs of several replicas are compared by it. */
function clockOf(time: number): string {
  const date = new Date(time);
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':');
  return `${clock}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

function Marked({ text, search }: { readonly text: string; readonly search: string }): JSX.Element {
  const wanted = search.trim().toLowerCase();
  const at = wanted === '' || wanted.startsWith('/') ? -1 : text.toLowerCase().indexOf(wanted);
  if (at === -1) return <>{text}</>;
  return (
    <>
      {text.slice(0, at)}
      <mark>{text.slice(at, at + wanted.length)}</mark>
      {text.slice(at + wanted.length)}
    </>
  );
}
