import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';

// The client where wrk is not installed, and the one that holds connections open.
// `node client.ts load PORT PATH CONNECTIONS SECONDS UPLOAD_BYTES` prints one line of JSON;
// `node client.ts hold PORT CONNECTIONS` asks once on each connection, prints `held`, and stays until it is ended.

const [mode, port = '', ...rest] = process.argv.slice(2);
if (mode === 'load') await load(rest);
else await hold(Number(rest[0]));

/** The bytes of a whole response with a Content-Length, or 0 while it is not there. */
function responseBytes(text: string): number {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) return 0;
  const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, headEnd + 2))?.[1];
  if (length === undefined) throw new Error(`a response without a length: ${text.slice(0, headEnd)}`);
  return headEnd + 4 + Number(length);
}

async function load([path = '/', connections, seconds, uploadBytes]: readonly string[]): Promise<void> {
  const bytes = Number(uploadBytes);
  const head = `${bytes > 0 ? 'POST' : 'GET'} ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n`;
  const request = Buffer.concat([
    Buffer.from(`${head}${bytes > 0 ? `Content-Length: ${bytes}\r\n` : ''}\r\n`),
    Buffer.alloc(bytes, 'x'),
  ]);
  const deadline = performance.now() + Number(seconds) * 1_000;
  const latencies: number[] = [];
  let failures = 0;

  const user = async (): Promise<void> => {
    while (performance.now() < deadline) {
      await new Promise<void>((resolve) => {
        const socket = connect(Number(port), '127.0.0.1');
        let begun = 0;
        let wanted = 0;
        let read = 0;
        const ask = (): void => {
          if (performance.now() >= deadline) return void socket.end();
          begun = performance.now();
          wanted = 0;
          read = 0;
          socket.write(request);
        };
        socket.once('connect', ask);
        socket.on('data', (chunk) => {
          if (wanted === 0) {
            const text = chunk.toString('latin1');
            if (!text.startsWith('HTTP/1.1 2')) failures++;
            wanted = responseBytes(text);
          }
          read += chunk.length;
          if (read < wanted) return;
          latencies.push(performance.now() - begun);
          ask();
        });
        socket.on('error', () => failures++);
        socket.once('close', resolve);
      });
    }
  };
  const begun = performance.now();
  await Promise.all(Array.from({ length: Number(connections) }, user));
  const took = (performance.now() - begun) / 1_000;
  latencies.sort((one, other) => one - other);
  const at = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? 0;
  const requests = latencies.length;
  console.log(
    JSON.stringify({ requests, failures, perSecond: requests / took, p50Ms: at(0.5), p99Ms: at(0.99) }),
  );
}

async function hold(connections: number): Promise<void> {
  const held: Socket[] = [];
  const atOnce = 200;
  while (held.length < connections) {
    const batch = Array.from({ length: Math.min(atOnce, connections - held.length) }, askOnce);
    held.push(...(await Promise.all(batch)));
  }
  console.log('held');
}

function askOnce(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1', () => {
      socket.write(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
    });
    socket.once('data', () => resolve(socket));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('a connection was closed')));
  });
}
