import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createProcessTable, psTable } from '../../../src/runtime/process/system/process-table.ts';
import { eventually } from '../../helpers/eventually.ts';
import { findProgram } from '../../helpers/parts.ts';
import { startProgram } from '../../helpers/program.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

const tables = { 'of this system': createProcessTable(), 'read by ps': psTable() };

for (const [name, table] of Object.entries(tables))
  describe(`the process table ${name}`, { skip: findProgram('ps') ? false : 'ps is not installed' }, () => {
    test('knows a living process by pid and start', () => {
      const facts = table.factsOf(process.pid);
      assert.equal(facts?.pid, process.pid);
      assert.equal(facts.isEnded, false);
      assert.notEqual(facts.startToken, '');
      assert.deepEqual(
        table.all().find(({ pid }) => pid === process.pid),
        facts,
      );
    });

    test('tells a living process from an ended one and from one that got its pid', async () => {
      await using child = startProgram('sleep', ['600']);
      const facts = await eventually(() => {
        const facts = table.factsOf(child.process.pid ?? 0);
        assert.ok(facts);
        return facts;
      });
      assert.equal(table.isAlive(facts), true);
      assert.equal(table.isAlive({ pid: process.pid, startToken: `${facts.startToken}0` }), false);
      await child.end('SIGKILL');
      assert.equal(table.isAlive(facts), false);
    });

    test('knows nothing of a pid that nobody has', () => {
      assert.equal(table.factsOf(2 ** 22 + 1), undefined);
    });

    test('reads past a program name that looks like other columns', async () => {
      await using folder = await temporaryFolder();
      const program = join(folder.path, 'a) S 1 (b');
      copyFileSync(findProgram('sleep') ?? '', program);
      await using child = startProgram(program, ['600']);
      await eventually(() => assert.ok(table.factsOf(child.process.pid ?? 0)));
      const facts = table.factsOf(child.process.pid ?? 0);
      assert.equal(facts?.groupId, table.factsOf(process.pid)?.groupId);
    });

    test('tells a process that ended and was not yet waited for from a living one', async () => {
      // The shell becomes a program that never looks after the child that the shell had.
      await using parent = startProgram('sh', ['-c', 'sleep 0.3 & echo $!; exec sleep 600']);
      const pid = await eventually(() => {
        assert.match(parent.stdout(), /^\d+\n/);
        return Number(parent.stdout());
      });
      await eventually(() => assert.equal(table.factsOf(pid)?.isEnded, true));
    });

    test('finds processes by a variable of their environment', async () => {
      const child = spawn('sleep', ['600'], {
        env: { ...process.env, TENFOLD_TEST_MARKER: 'abc' },
        detached: true,
      });
      try {
        await eventually(() => {
          const marked = table.marked('TENFOLD_TEST_MARKER');
          assert.deepEqual(
            marked.map(({ pid, groupId, marker }) => ({ pid, groupId, marker })),
            [{ pid: child.pid, groupId: child.pid, marker: 'abc' }],
          );
        });
      } finally {
        child.kill('SIGKILL');
      }
    });
  });
