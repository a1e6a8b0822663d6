import { Agent, createServer, type IncomingMessage, type ServerResponse } from 'node:http';

// A balancer as it is written with a proxy library: `node node-proxy.ts LIBRARY PORT UPSTREAM...`, ports on the loopback.

type Forward = (request: IncomingMessage, response: ServerResponse, target: string) => void;

const [library, port, ...upstreams] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxFreeSockets: 256 });
const targets = upstreams.map((upstream) => `http://127.0.0.1:${upstream}`);
const forward = await load(library ?? '');
let turn = 0;

createServer((request, response) => {
  turn = (turn + 1) % targets.length;
  forward(request, response, targets[turn] ?? '');
}).listen(Number(port), '127.0.0.1', 4096);

async function load(name: string): Promise<Forward> {
  if (name === 'http-proxy-3') {
    const { createProxyServer } = await import('http-proxy-3');
    const proxy = createProxyServer({ agent, xfwd: true });
    proxy.on('error', (_error, _request, response) => void response.destroy());
    return (request, response, target) => proxy.web(request, response, { target });
  }
  if (name === 'httpxy') {
    const { createProxyServer } = await import('httpxy');
    const proxy = createProxyServer({ agent, xfwd: true });
    return (request, response, target) => {
      proxy.web(request, response, { target }).catch(() => response.destroy());
    };
  }
  throw new Error(`no such library: ${name}`);
}
