import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Counters, StoreUnavailable } from './counters.ts';
import { fileCounters } from './file-counters.ts';
import { redisCounters } from './redis-counters.ts';
import { servedBy } from './served-by.ts';

const port = Number(process.env['PORT'] ?? 5000);
/** Undefined: all addresses, which is what a container needs. */
const host = process.env['HOST'];
const redisUrl = process.env['REDIS_URL'];
const counters: Counters = redisUrl
  ? redisCounters(redisUrl)
  : fileCounters(process.env['DATA_DIR'] ?? 'data');
const self = servedBy(process.env);
let isStopping = false;
const myRequests = `requests:${self.instance}`;

interface Answer {
  readonly status: number;
  readonly body: object;
  readonly headers?: Record<string, string>;
}

const routes: Record<string, () => Promise<Answer>> = {
  '/': async () => {
    const visits = await counters.increment('visits', myRequests);
    return ok({ message: 'Hello from a scaled service', visits, served_by: self });
  },
  '/visits': async () => {
    await counters.increment(myRequests);
    const [visits, requests] = await Promise.all([counters.read('visits'), counters.readAll('requests:')]);
    return ok({ visits, requests, counted_in: counters.place, served_by: self });
  },
  '/load-test': async () => {
    await counters.increment(myRequests);
    const durationMs = 100 + Math.random() * 400;
    await burnCpu(durationMs);
    return ok({ message: 'Load test done', duration: Math.round(durationMs) / 1000, served_by: self });
  },
  '/health': async () => {
    await counters.check();
    return ok({ status: 'healthy', counted_in: counters.place, served_by: self });
  },
};

function ok(body: object): Answer {
  return { status: 200, body };
}

async function answer(request: IncomingMessage): Promise<Answer> {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (route === undefined)
    return {
      status: 404,
      body: { error: `nothing at ${path}`, routes: Object.keys(routes), served_by: self },
    };
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return { status: 405, body: { error: `${path} takes GET only` }, headers: { allow: 'GET, HEAD' } };
  try {
    return await route();
  } catch (thrown) {
    if (!(thrown instanceof StoreUnavailable)) throw thrown;
    console.error(`cannot count: ${thrown.message}`);
    const body = { status: 'unavailable', error: `cannot count: ${thrown.message}`, served_by: self };
    return { status: 503, body, headers: { 'retry-after': '1' } };
  }
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const startedAt = performance.now();
  const { status, body, headers } = await answer(request).catch((thrown: unknown) => {
    console.error(thrown);
    return { status: 500, body: { error: 'a bug; its stack is in the log', served_by: self }, headers: {} };
  });
  if (isStopping) response.setHeader('connection', 'close');
  const text = `${JSON.stringify(body)}\n`;
  const length = Buffer.byteLength(text);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': length, ...headers });
  response.end(text);
  if (request.url !== '/health' || status !== 200)
    console.log(
      `${request.method} ${request.url} ${status} ${(performance.now() - startedAt).toFixed(1)} ms`,
    );
}

/** Keeps one core busy for the time, in slices, so that this replica still answers its health check meanwhile. */
async function burnCpu(durationMs: number): Promise<void> {
  const sliceMs = 10;
  for (let burntMs = 0; burntMs < durationMs; burntMs += sliceMs) {
    const sliceEnd = performance.now() + sliceMs;
    while (performance.now() < sliceEnd);
    await nextTurn();
  }
}

const server = createServer((request, response) => void handle(request, response));
server.on('error', (error) => {
  console.error(`cannot listen on port ${port}: ${error.message}`);
  process.exit(1);
});
server.listen(port, host, () => {
  const address = server.address();
  const where = typeof address === 'object' ? address?.port : address;
  console.log(`${self.instance} counts in ${counters.place}, listens on port ${where}`);
});

// A replica that is told to stop takes no new connection, finishes what it has begun, and ends by itself.
function stop(signal: string): void {
  if (isStopping) return;
  isStopping = true;
  console.log(`${self.instance} stops on ${signal}`);
  server.close(() => counters.close());
}
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
