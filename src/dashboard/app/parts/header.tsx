import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { usePage } from '../page-context.ts';
import { hrefOf, stackOf, type Place } from '../router.ts';
import { applyTheme, nextTheme, storedTheme } from '../theme.ts';

/** Where one is, where one can go, and whether what is shown is true. */
export function Header({ place }: { readonly place: Place }): JSX.Element {
  const { live } = usePage();
  const stack = stackOf(place);
  return (
    <header class="header">
      <a href={hrefOf({ page: 'overview' })} class="brand">
        tenfold
      </a>
      <nav aria-label="Pages" class="nav">
        <Link to={{ page: 'overview' }} place={place} text="Overview" />
        {stack === undefined ? (
          <Link to={{ page: 'events', stack: undefined }} place={place} text="Events" />
        ) : (
          <>
            <span class="nav-stack" aria-hidden="true">
              /
            </span>
            <Link to={{ page: 'stack', stack }} place={place} text={stack} />
            {place.page === 'service' && <Link to={place} place={place} text={place.service} />}
            <Link to={{ page: 'events', stack }} place={place} text="Events" />
            <Link to={{ page: 'logs', stack, service: '', instance: '' }} place={place} text="Logs" />
          </>
        )}
      </nav>
      <span class={`pulse pulse-${live.connection.kind}`}>{connectionWord(live.connection.kind)}</span>
      <ThemeSwitch />
    </header>
  );
}

function Link({
  to,
  place,
  text,
}: {
  readonly to: Place;
  readonly place: Place;
  readonly text: string;
}): JSX.Element {
  const isHere = to.page === place.page;
  return (
    <a href={hrefOf(to)} aria-current={isHere ? 'page' : undefined}>
      {text}
    </a>
  );
}

function ThemeSwitch(): JSX.Element {
  const [theme, setTheme] = useState(storedTheme);
  const change = (): void => {
    const next = nextTheme(theme);
    applyTheme(next);
    setTheme(next);
  };
  return (
    <button type="button" class="plain theme" onClick={change} aria-label={`Colours: ${theme}`}>
      {theme === 'auto' ? '◐' : theme === 'light' ? '○' : '●'}
    </button>
  );
}

function connectionWord(kind: string): string {
  switch (kind) {
    case 'live':
      return 'live';
    case 'lost':
      return 'not live';
    case 'refused':
      return 'ended';
    default:
      return 'connecting';
  }
}
