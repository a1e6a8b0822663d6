import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  advanceProgress,
  renderProgress,
  type ChangeProgress,
} from '../../src/cli/render/change-progress.ts';
import { plainStyle } from '../../src/cli/render/style.ts';
import type { StackEvent } from '../../src/daemon/control-api.ts';
import { sampleEvent, sampleNow } from './sample-status.ts';

const surroundings = {
  style: plainStyle,
  title: 'scale demo',
  startedAt: sampleNow,
  now: sampleNow + 2_000,
  width: 80,
  maxLines: undefined,
  isOver: false,
};

function progressOf(events: readonly StackEvent[]): ChangeProgress {
  return events.reduce(advanceProgress, new Map());
}

describe('the live picture of a change', () => {
  const events = [
    sampleEvent('command.started', undefined, 'scale web=3'),
    sampleEvent('replica.created', 'web-1', '', 100),
    sampleEvent('replica.started', 'web-1', 'pid 1', 300),
    sampleEvent('replica.started', 'web-2', 'pid 2', 400),
    sampleEvent('replica.in-rotation', 'web-1', 'port check passed', 900),
    sampleEvent('replica.exited', 'web-3', 'exit code 1', 1_500),
  ];

  test('has a line per replica with its latest state and the time it took', () => {
    assert.deepEqual(renderProgress(progressOf(events), surroundings), [
      'scale demo  2.0 s',
      ' ✔ web-1  in rotation  0.8 s',
      ' ⠋ web-2  started      1.6 s',
      ' ✖ web-3  exited       0.0 s',
    ]);
  });

  test('has services as they came, and their replicas by number', () => {
    const mixed = ['db-1', 'web-10', 'web-2', 'api-1', 'web-1'].map((instance) =>
      sampleEvent('replica.started', instance, ''),
    );
    const [, ...rows] = renderProgress(progressOf(mixed), surroundings);
    assert.deepEqual(
      rows.map((row) => /[a-z]+-\d+/.exec(row)?.[0]),
      ['db-1', 'web-1', 'web-2', 'web-10', 'api-1'],
    );
  });

  test('tells a replica that is replaced from one that is removed', () => {
    const replaced = [
      sampleEvent('replica.in-rotation', 'web-1', ''),
      sampleEvent('replica.draining', 'web-1', '', 100),
    ];
    const [, draining] = renderProgress(progressOf(replaced), surroundings);
    assert.equal(draining, ' ⠋ web-1  old one draining  2.0 s');
    const removed = [...replaced, sampleEvent('replica.removed', 'web-1', '', 300)];
    const [, gone] = renderProgress(progressOf(removed), surroundings);
    assert.equal(gone, ' ✔ web-1  replaced  0.3 s');
  });

  test('no longer turns when the change is over', () => {
    const [, , second] = renderProgress(progressOf(events), { ...surroundings, isOver: true });
    assert.equal(second, ' ✔ web-2  started      0.0 s');
  });

  test('shows the words of a long step', () => {
    const building = { ...sampleEvent('progress', undefined, 'building web: step 3 of 7'), service: 'web' };
    assert.equal(
      renderProgress(progressOf([building]), surroundings)[1],
      ' ⠋ web  building web: step 3 of 7  2.0 s',
    );
  });

  test('keeps to the height of the terminal, those at work first', () => {
    const many = Array.from({ length: 40 }, (_, index) =>
      sampleEvent(index < 35 ? 'replica.in-rotation' : 'replica.started', `web-${index + 1}`, '', index),
    );
    const lines = renderProgress(progressOf(many), { ...surroundings, maxLines: 10 });
    assert.equal(lines.length, 10);
    for (const index of [36, 37, 38, 39, 40]) assert.ok(lines.some((line) => line.includes(`web-${index} `)));
    assert.equal(lines.at(-1), '   … and 32 more');
  });

  test('keeps to the width of the terminal', () => {
    const building = { ...sampleEvent('progress', undefined, 'x'.repeat(200)), service: 'web' };
    const lines = renderProgress(progressOf([building]), { ...surroundings, width: 40 });
    assert.ok(
      lines.every((line) => line.length <= 40),
      lines.join('\n'),
    );
  });
});
