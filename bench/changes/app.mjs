// The application that is changed: says which release answered, starts slowly, and finishes its requests on SIGTERM.
import { createServer } from 'node:http';
import { hostname } from 'node:os';

const release = process.env.RELEASE ?? '1';
const startMs = Number(process.env.START_MS ?? 500);
const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    const loadId = request.headers['x-load-id'];
    response.writeHead(200, {
      'X-Instance': `${release}@${hostname()}-${process.pid}`,
      ...(loadId === undefined ? {} : { 'X-Load-Id': loadId }),
    });
    setTimeout(() => response.end('ok\n'), 20);
  });
});
setTimeout(() => {
  server.listen(Number(process.env.PORT ?? 3000), process.env.HOST ?? '0.0.0.0', () =>
    process.send?.('ready'),
  );
}, startMs);
process.on('SIGTERM', stop);
// PM2 asks so.
process.on('SIGINT', stop);

function stop() {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
  setTimeout(() => process.exit(0), 2_000).unref();
}
