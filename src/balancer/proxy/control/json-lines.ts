import type { Socket } from 'node:net';

const maxLineLength = 64 * 1024 * 1024;

/** Calls `onMessage` for each line of JSON; destroys the socket on anything else. */
export function readJsonLines(socket: Socket, onMessage: (message: unknown) => void): void {
  let pieces: string[] = [];
  let length = 0;
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    let start = 0;
    for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', start)) {
      const line = pieces.join('') + chunk.slice(start, end);
      pieces = [];
      length = 0;
      start = end + 1;
      let message: unknown;
      try {
        message = JSON.parse(line);
      } catch (thrown) {
        socket.destroy(new Error('a line that is not JSON', { cause: thrown }));
        return;
      }
      onMessage(message);
      if (socket.destroyed) return;
    }
    if (start < chunk.length) pieces.push(chunk.slice(start));
    length += chunk.length - start;
    if (length > maxLineLength) socket.destroy(new Error('a line without end'));
  });
}

export function writeJsonLine(socket: Socket, message: object): void {
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`);
}
