import { createServer } from 'node:http';
import { connect } from 'node:net';

const { PORT, WEB_URL, DB_HOST, DB_PORT } = process.env;

/** Who answers under the name of the balanced service: several asks show several replicas. */
async function askWeb() {
  try {
    const response = await fetch(WEB_URL, { signal: AbortSignal.timeout(2_000) });
    return (await response.text()).trim();
  } catch (error) {
    return `unreachable: ${error.cause?.message ?? error.message}`;
  }
}

function reachDatabase() {
  return new Promise((resolve) => {
    const socket = connect({ host: DB_HOST, port: DB_PORT, timeout: 2_000 });
    const settle = (state) => (socket.destroy(), resolve(state));
    socket.on('connect', () => settle('reachable'));
    socket.on('timeout', () => settle('unreachable: no answer within 2 s'));
    socket.on('error', (error) => settle(`unreachable: ${error.message}`));
  });
}

const server = createServer(async (_request, response) => {
  const [web, database] = await Promise.all([askWeb(), reachDatabase()]);
  response.setHeader('content-type', 'application/json');
  response.end(`${JSON.stringify({ web, database })}\n`);
});
server.listen(Number(PORT), () => console.log(`listens on port ${PORT}`));
process.on('SIGTERM', () => server.close());
