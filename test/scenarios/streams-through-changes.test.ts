import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { WebSocket } from 'ws';
import { withHome } from '../helpers/tenfold.ts';
import { scenarioRuntimes, writeWebStack } from './web-stack.ts';

/** Sends a text and returns the echo. */
async function say(socket: WebSocket, text: string): Promise<string> {
  const answer = once(socket, 'message');
  socket.send(text);
  const [data] = await answer;
  return String(data);
}

for (const { runtime, skip } of scenarioRuntimes) {
  describe(`long connections through changes, ${runtime} replicas`, { concurrency: false, skip }, () => {
    test('a WebSocket lives on while others come and go', () =>
      withHome(async (home) => {
        const stack = await writeWebStack(home, { runtime, replicas: 1 });
        await home.change(['up', '-d']);
        await stack.settled(1);
        const socket = new WebSocket(`ws://127.0.0.1:${stack.port}/socket`);
        await once(socket, 'open');
        try {
          assert.equal(await say(socket, 'hello'), 'web-1: hello');
          await home.change(['scale', 'web=3']);
          await stack.settled(3);
          assert.equal(await say(socket, 'still there?'), 'web-1: still there?');
          await home.change(['drain', 'web-2']);
          assert.equal(await say(socket, 'and now?'), 'web-1: and now?');
        } finally {
          socket.close();
          await once(socket, 'close');
        }
      }));

    test('server-sent events arrive one by one as they are sent, from a replica that is draining too', () =>
      withHome(async (home) => {
        const stack = await writeWebStack(home, { runtime, replicas: 2 });
        await home.change(['up', '-d']);
        await stack.settled(2);
        const everyMs = 300;
        const startedAt = performance.now();
        const response = await fetch(`${stack.url}sse?events=20&everyMs=${everyMs}`);
        const instance = response.headers.get('x-instance') ?? '';
        const draining = home.change(['drain', instance]);
        const delaysMs: number[] = [];
        let text = '';
        assert.ok(response.body !== null);
        for await (const chunk of response.body) {
          text += Buffer.from(chunk).toString();
          delaysMs.push(performance.now() - startedAt);
        }
        const { traffic } = await draining;

        assert.equal(text.match(/^data: /gm)?.length, 20, 'the stream was not cut');
        assert.ok((delaysMs[0] ?? Infinity) < 2 * everyMs, `the first event took ${delaysMs[0]} ms`);
        assert.ok(delaysMs.length >= 15, `20 events came in ${delaysMs.length} pieces`);
        assert.deepEqual([traffic.drained, traffic.forced, traffic.failed], [1, 0, 0]);
      }));
  });
}
