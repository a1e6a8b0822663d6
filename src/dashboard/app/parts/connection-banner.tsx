import type { JSX } from 'preact';
import type { Connection } from '../live/live-state.ts';
import { formatAge } from '../../view/format.ts';
import { usePage } from '../page-context.ts';

/** Says that what is shown is old, or that nothing more will come. */
export function ConnectionBanner({ connection }: { readonly connection: Connection }): JSX.Element {
  const { live } = usePage();
  const isIdle = live.stacks?.every(({ phase }) => phase === 'stopped') === true;
  return (
    <div role="status" aria-live="polite">
      {connection.kind === 'lost' && (isIdle ? <Idle /> : <Lost since={connection.since} />)}
      {connection.kind === 'refused' && (
        <div class="banner banner-bad">
          <strong>This session has ended.</strong> Open the dashboard anew with the link that{' '}
          <code>tenfold dashboard</code> prints.
        </div>
      )}
    </div>
  );
}

/** Nothing ran any more, so its end is no trouble. */
function Idle(): JSX.Element {
  return (
    <div class="banner">
      <strong>The daemon has ended, because nothing runs.</strong> <code>tenfold up -d</code> starts it again,
      and this page goes on.
    </div>
  );
}

function Lost({ since }: { readonly since: number }): JSX.Element {
  return (
    <div class="banner banner-bad">
      <strong>The daemon does not answer.</strong> What you see is as it was{' '}
      <span aria-hidden="true">{formatAge(Date.now() - since)} ago</span>. Replicas and traffic go on without
      it. The page comes back by itself; any <code>tenfold</code> command starts the daemon.
    </div>
  );
}
