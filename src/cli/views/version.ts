import { connectRunningDaemon } from '../connection/daemon-connection.ts';
import { homeOf } from '../invocation.ts';
import { ownVersion } from '../../shared/own-version.ts';
import type { VersionReply } from '../../daemon/control-api.ts';
import { addVerb, type Program, type VerbCall } from '../verb.ts';

interface VersionOptions {
  readonly short?: true;
}

export function addVersion(program: Program): void {
  addVerb<VersionOptions>(program, {
    name: 'version',
    summary: 'print the versions of tenfold and of the daemon, if one runs',
    define: (command) => command.option('--short', 'print the version only'),
    run: runVersion,
  });
}

async function runVersion({ invocation, options }: VerbCall<VersionOptions>): Promise<void> {
  const { output } = invocation;
  if (options.short === true && !output.isJson) return output.line(ownVersion());
  const home = homeOf(invocation);
  const daemon = (await connectRunningDaemon(home))?.version;
  if (output.isJson) {
    return output.json({
      version: ownVersion(),
      node: process.version,
      home: home.directory,
      daemon: daemon ?? null,
    });
  }
  output.lines([
    `tenfold  ${ownVersion()}`,
    `node     ${process.version}`,
    `home     ${home.directory}`,
    `daemon   ${daemon === undefined ? 'not running' : `${daemon.version}, pid ${daemon.pid}`}`,
    ...(daemon?.proxyPid === undefined ? [] : [`proxy    pid ${daemon.proxyPid}`]),
    ...(daemon?.admin === undefined ? [] : [`admin    ${describeAdmin(daemon.admin)}`]),
  ]);
}

/** Where metrics and the status page are. */
function describeAdmin({ address, reason }: NonNullable<VersionReply['admin']>): string {
  return address === undefined ? (reason ?? 'not listening') : `http://${address}`;
}
