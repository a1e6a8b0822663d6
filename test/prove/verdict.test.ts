import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseObjectives } from '../../src/prove/objective.ts';
import { reachVerdict, type Evidence } from '../../src/prove/verdict.ts';
import { bad, begun, good, steadyAnswers } from './samples.ts';

const allWell: Evidence = {
  requests: steadyAnswers(0, 3000),
  change: begun(),
  gap: { startMs: 1000, endMs: 1110 },
  traffic: { drained: 4, forced: 0, retried: 0 },
  isInterrupted: false,
};

const judge = (slo: string, changes: Partial<Evidence> = {}) =>
  reachVerdict(parseObjectives(slo), { ...allWell, ...changes });

describe('a verdict', () => {
  const table: readonly (readonly [
    what: string,
    slo: string,
    changes: Partial<Evidence>,
    reasons: readonly string[],
  ])[] = [
    ['is good when all holds', 'failed=0,p99<50ms,gap<200ms,steady<=1s,forced=0', {}, []],
    [
      'names a failed request',
      'failed=0',
      { requests: [...allWell.requests, bad(1200)] },
      ['failed=0 does not hold: 1'],
    ],
    ['takes a share', 'failed<5%', { requests: [...allWell.requests, bad(1200)] }, []],
    [
      'looks at one phase only when told to',
      'max(after)<50ms,max<50ms',
      { requests: [...allWell.requests, good(1200, 300)] },
      ['max<50ms does not hold: 300 ms'],
    ],
    [
      'is not good for a phase without any answer',
      'p99(before)<1s',
      { requests: steadyAnswers(2000, 3000) },
      ['p99(before)<1s does not hold: no answer'],
    ],
    ['names the gap', 'gap<100ms', {}, ['gap<100ms does not hold: 110 ms']],
    [
      'is not good when the command failed',
      'failed=0',
      { change: begun({ ending: { kind: 'exited', exitCode: 3 } }) },
      ['the command ended with exit code 3'],
    ],
    [
      'is not good when the command was killed',
      'failed=0',
      { change: begun({ ending: { kind: 'signalled', signal: 'SIGKILL' } }) },
      ['the command was ended by SIGKILL'],
    ],
    [
      'is not good when the stack never came to rest',
      'steady<5s',
      { change: begun({ steadyMs: undefined }) },
      ['steady<5s does not hold: not reached', 'the stack did not become steady in time'],
    ],
    [
      'is not good when nobody could count what was forced',
      'forced=0',
      { traffic: undefined },
      ['forced=0 does not hold: not known'],
    ],
    ['is not good when nothing was sent', 'failed=0', { requests: [] }, ['nothing was answered well']],
    [
      'says why the change was not begun',
      'failed<100%',
      { change: { kind: 'not begun', reason: 'it was broken before' } },
      ['it was broken before'],
    ],
    [
      'is not good when it was interrupted',
      'failed=0',
      { isInterrupted: true, change: begun({ steadyMs: undefined }) },
      ['it was interrupted'],
    ],
  ];
  for (const [what, slo, changes, reasons] of table) {
    test(what, () => {
      const verdict = judge(slo, changes);
      assert.deepEqual(verdict.reasons, reasons);
      assert.equal(verdict.isGood, reasons.length === 0);
    });
  }
});
