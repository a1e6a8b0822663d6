import type { JSX } from 'preact';
import { hrefOf } from '../router.ts';

/** Before the first word of the daemon. */
export function Waiting(): JSX.Element {
  return <h1 class="waiting">Asking the daemon…</h1>;
}

/** The stack was taken down, or never was. */
export function MissingStack({ stack }: { readonly stack: string }): JSX.Element {
  return (
    <section class="empty">
      <h1>No stack {stack} is known</h1>
      <p>
        It was taken down, or it has another name. It shows up here by itself when it is brought up again:{' '}
        <code>tenfold -p {stack} up -d</code>
      </p>
      <p>
        <a href={hrefOf({ page: 'overview' })}>All stacks</a>
      </p>
    </section>
  );
}

export function MissingService({
  stack,
  service,
}: {
  readonly stack: string;
  readonly service: string;
}): JSX.Element {
  return (
    <section class="empty">
      <h1>
        {stack} has no service {service}
      </h1>
      <p>The file may no longer have it.</p>
      <p>
        <a href={hrefOf({ page: 'stack', stack })}>All services of {stack}</a>
      </p>
    </section>
  );
}
