import { runDaemon } from './daemon.ts';
import { resolveHome } from './home.ts';
import { isTenfoldError } from '../shared/errors.ts';

// The daemon process. It holds no terminal: what it has to say goes to its log, which is its stderr.

const abort = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => abort.abort());
process.on('SIGHUP', () => {});
process.on('unhandledRejection', (reason) => console.error(new Date().toISOString(), 'bug:', reason));

try {
  await runDaemon(resolveHome(process.env), abort.signal);
  process.exit(0);
} catch (thrown) {
  // One line, so that the command that started this daemon can show it as its own error.
  if (isTenfoldError(thrown)) console.error(JSON.stringify({ error: thrown.toJSON() }));
  else console.error(new Date().toISOString(), 'bug:', thrown);
  process.exit(isTenfoldError(thrown) ? thrown.exitCode : 70);
}
