import { Argument } from 'commander';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { defaultAdminPort, formatAddress, parseAdminAddress } from '../../daemon/admin/admin-address.ts';
import { type ExportedFile, exportedFiles, type ExportTarget } from '../../exporters/exported-files.ts';
import { messageOf, TenfoldError } from '../../shared/errors.ts';
import { connectRunningDaemon } from '../connection/daemon-connection.ts';
import { homeOf, type Invocation } from '../invocation.ts';
import { addVerb, type Program, type VerbCall } from '../verb.ts';

interface ExportOptions {
  readonly out: string;
  readonly force?: true;
}

const targets: readonly ExportTarget[] = ['prometheus', 'grafana'];

export function addExport(program: Program): void {
  addVerb<ExportOptions>(program, {
    name: 'export',
    summary: 'write files that make other programs show the metrics',
    description:
      'prometheus: a configuration that scrapes the daemon. grafana: dashboards to import or to provision. docs/metrics.md says how.',
    define: (command) =>
      command
        .addArgument(new Argument('<target>', 'for which program').choices([...targets]))
        .option('-o, --out <folder>', 'where to put the files', '.')
        .option('--force', 'replace files that are there and differ'),
    run: runExport,
  });
}

async function runExport({ invocation, options, words }: VerbCall<ExportOptions>): Promise<void> {
  const { output, surroundings } = invocation;
  const target = targets.find((name) => name === words[0]) ?? 'prometheus';
  const folder = resolve(surroundings.workingDir, options.out);
  const files = exportedFiles(target, await adminAddress(invocation));
  if (options.force !== true) for (const file of files) await requireNoOther(folder, file);
  for (const file of files) await write(folder, file);
  const paths = files.map(({ name }) => join(folder, name));
  if (output.isJson) output.json({ target, files: paths });
  else output.lines(paths);
}

/** That of the daemon that runs, else that of one that would be started now. */
async function adminAddress(invocation: Invocation): Promise<string> {
  const daemon = (await connectRunningDaemon(homeOf(invocation)))?.version;
  if (daemon?.admin?.address !== undefined) return daemon.admin.address;
  const configured = parseAdminAddress(invocation.surroundings.environment['TENFOLD_ADMIN']);
  return formatAddress(configured?.host ?? '127.0.0.1', configured?.ports[0] || defaultAdminPort);
}

async function requireNoOther(folder: string, { name, text }: ExportedFile): Promise<void> {
  const path = join(folder, name);
  const present = await readFile(path, 'utf8').catch(() => undefined);
  if (present === undefined || present === text) return;
  throw new TenfoldError('usage', `${path} is there already, and is another file`, {
    hint: 'choose another folder with --out, or replace it with --force',
  });
}

async function write(folder: string, { name, text }: ExportedFile): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, name), text);
  } catch (thrown) {
    throw new TenfoldError('file-unreadable', `cannot write ${join(folder, name)}: ${messageOf(thrown)}`, {
      hint: 'choose another folder with --out',
      cause: thrown,
    });
  }
}
