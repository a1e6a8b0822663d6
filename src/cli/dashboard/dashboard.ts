import { createAccess } from '../../dashboard/access.ts';
import { readDashboardKey } from '../../dashboard/key-file.ts';
import { TenfoldError } from '../../shared/errors.ts';
import { homeOf, withDaemon } from '../invocation.ts';
import { addVerb, type Program, type VerbCall } from '../verb.ts';
import { openInBrowser } from './open-in-browser.ts';

interface DashboardOptions {
  readonly open?: true;
}

export function addDashboard(program: Program): void {
  addVerb<DashboardOptions>(program, {
    name: 'dashboard',
    summary: 'print a link to the dashboard, which shows and changes all stacks in a browser',
    description:
      'The daemon serves it on this machine alone. The link is good for ten minutes, and the session that it begins for ' +
      'seven days; `dashboard.key` in the state folder signs both, and removing that file ends every session.',
    define: (command) => command.option('--open', 'open it in the browser'),
    run: runDashboard,
  });
}

async function runDashboard({ invocation, options }: VerbCall<DashboardOptions>): Promise<void> {
  const { output, surroundings } = invocation;
  const home = homeOf(invocation);
  const { address, stacks } = await withDaemon(invocation, async ({ client }) => {
    const { admin } = await client.version();
    if (admin?.address === undefined) throw notServed(admin?.reason);
    return { address: admin.address, stacks: await client.stacks() };
  });
  if (stacks.length === 0) {
    throw new TenfoldError('unknown-stack', 'no stack is up, and the daemon ends when there is none', {
      hint: 'bring one up first: tenfold up -d',
    });
  }
  const access = createAccess(await readDashboardKey(home.dashboardKeyPath));
  const link = `http://${address}/dashboard?token=${access.issueLink(surroundings.clock.now())}`;
  if (output.isJson) output.json({ url: link });
  else output.line(link);
  if (options.open !== true) return;
  const failure = await openInBrowser(link, home.directory);
  if (failure !== undefined) output.warn(`no browser could be opened (${failure}); open the link yourself`);
}

function notServed(reason: string | undefined): TenfoldError {
  return new TenfoldError('dashboard-refused', 'the daemon serves no dashboard', {
    got: reason ?? 'its version is older than this one',
    expected: 'an admin listener, which the dashboard is part of',
    hint: 'end the daemon (kill its pid, see tenfold version) and set TENFOLD_ADMIN to a port, or leave it unset',
  });
}
