import { connect } from 'node:net';

const maxLineLength = 65_536;

export interface EventStream {
  close(): void;
}

/** Follows HAProxy's log from the oldest line that it still holds. `onEnd` is called once, when HAProxy is gone. */
export function followEvents(
  socketPath: string,
  onLine: (line: string) => void,
  onEnd: () => void,
): EventStream {
  const socket = connect(socketPath);
  let rest = '';
  let isOver = false;
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    onEnd();
  };
  socket.setEncoding('latin1');
  socket.on('error', () => {});
  socket.on('close', end);
  socket.on('data', (chunk: string) => {
    let start = 0;
    for (let stop = chunk.indexOf('\n'); stop >= 0; stop = chunk.indexOf('\n', start)) {
      const line = rest === '' ? chunk.slice(start, stop) : rest + chunk.slice(start, stop);
      rest = '';
      start = stop + 1;
      if (line !== '') onLine(line);
    }
    rest += chunk.slice(start);
    if (rest.length > maxLineLength) rest = '';
  });
  socket.write('show events traffic -w\n');
  return {
    close: () => {
      isOver = true;
      socket.destroy();
    },
  };
}
