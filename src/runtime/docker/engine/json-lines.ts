import type { Readable } from 'node:stream';

/** The objects of a stream that carries one JSON object a line, as the engine's progress and events do. */
export async function* jsonLines<T>(stream: Readable): AsyncGenerator<T> {
  let rest = '';
  const decoder = new TextDecoder();
  const chunks: AsyncIterable<Buffer> = stream;
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true });
    let end = rest.indexOf('\n');
    while (end >= 0) {
      const line = rest.slice(0, end).trim();
      rest = rest.slice(end + 1);
      if (line !== '') {
        const value: T = JSON.parse(line);
        yield value;
      }
      end = rest.indexOf('\n');
    }
  }
  if (rest.trim() !== '') {
    const value: T = JSON.parse(rest);
    yield value;
  }
}
