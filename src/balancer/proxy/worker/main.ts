import { flushCompileCache } from 'node:module';
import { runWorker } from './worker.ts';

runWorker();
// Only a proper exit would write it, and workers are also killed.
flushCompileCache();
