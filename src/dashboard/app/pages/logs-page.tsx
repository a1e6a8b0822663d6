import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { plural } from '../../view/format.ts';
import { compileFilter, type LogFilter, type ShownLine } from '../../view/log-lines.ts';
import { LogLineView } from '../parts/log-line.tsx';
import { usePage } from '../page-context.ts';
import type { Place } from '../router.ts';
import { MissingStack } from './missing.tsx';

/** So many of the lines found are on the page; the search goes through all that are kept. */
const maxShown = 1_500;
/** The end is in sight: new lines are followed. */
const nearEndPx = 40;

/** All replicas' output in one place. */
export function LogsPage({ place }: { readonly place: Extract<Place, { page: 'logs' }> }): JSX.Element {
  const { live } = usePage();
  const [filter, setFilter] = useState<LogFilter>({
    search: '',
    service: place.service,
    instance: place.instance,
    stream: '',
  });
  const { isWanted, fault } = useMemo(() => compileFilter(filter), [filter]);
  const found = useMemo(() => live.lines.filter(isWanted), [live.lines, isWanted]);
  const stack = live.stacks?.find(({ name }) => name === place.stack);
  if (live.stacks !== undefined && stack === undefined) return <MissingStack stack={place.stack} />;
  const services = stack?.services ?? [];
  const instances = services
    .filter(({ name }) => filter.service === '' || name === filter.service)
    .flatMap(({ replicas }) => replicas.map(({ instance }) => instance));
  const change = (changes: Partial<LogFilter>): void => setFilter({ ...filter, ...changes });
  return (
    <>
      <h1>Logs of {place.stack}</h1>
      <div class="filters">
        <label class="field grow">
          <span>Search</span>
          <input
            type="search"
            placeholder="text, or /regular expression/"
            value={filter.search}
            aria-invalid={fault !== undefined}
            onInput={({ currentTarget }) => change({ search: currentTarget.value })}
          />
        </label>
        <Choice
          label="Service"
          value={filter.service}
          choices={services.map(({ name }) => name)}
          onChange={(service) => change({ service, instance: '' })}
        />
        <Choice
          label="Replica"
          value={filter.instance}
          choices={[...new Set([...instances, ...(filter.instance === '' ? [] : [filter.instance])])]}
          onChange={(instance) => change({ instance })}
        />
        <Choice
          label="Stream"
          value={filter.stream}
          choices={['stdout', 'stderr']}
          onChange={(stream) => change({ stream })}
        />
      </div>
      <p class="quiet" role="status">
        {fault === undefined
          ? `${plural(found.length, 'line')}${found.length === live.lines.length ? '' : ` of ${live.lines.length.toLocaleString('en')}`}`
          : `That is no regular expression: ${fault}`}
        {live.droppedLines > 0 && `; ${plural(live.droppedLines, 'line')} came too fast to be shown`}
      </p>
      <LogView lines={found.slice(-maxShown)} search={filter.search} />
    </>
  );
}

function Choice({
  label,
  value,
  choices,
  onChange,
}: {
  readonly label: string;
  readonly value: string;
  readonly choices: readonly string[];
  readonly onChange: (value: string) => void;
}): JSX.Element {
  return (
    <label class="field">
      <span>{label}</span>
      <select value={value} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
        <option value="">all</option>
        {choices.map((choice) => (
          <option key={choice} value={choice}>
            {choice}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The lines; the newest is kept in sight until somebody scrolls away from it. */
function LogView({
  lines,
  search,
}: {
  readonly lines: readonly ShownLine[];
  readonly search: string;
}): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const [isFollowing, setFollowing] = useState(true);
  const last = lines.at(-1)?.key;
  useEffect(() => {
    const element = box.current;
    if (element !== null && isFollowing) element.scrollTop = element.scrollHeight;
  }, [last, isFollowing]);
  return (
    <div class="log-frame">
      <div
        ref={box}
        class="log"
        role="log"
        aria-live="off"
        aria-label="Lines, newest last"
        tabindex={0}
        onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) =>
          setFollowing(scrollHeight - scrollTop - clientHeight < nearEndPx)
        }
      >
        {lines.length === 0 && <p class="quiet">No lines.</p>}
        {lines.map((line) => (
          <LogLineView key={line.key} line={line} search={search} />
        ))}
      </div>
      {!isFollowing && (
        <button type="button" class="log-follow" onClick={() => setFollowing(true)}>
          Follow the newest
        </button>
      )}
    </div>
  );
}
