import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { cgroupFiles, readCgroup } from '../../../../src/runtime/docker/usage/cgroup.ts';
import { temporaryFolder } from '../../../helpers/temporary.ts';

const id = 'e658130fc75ec933';

describe("a container's control group", () => {
  test('is found under the controllers of version 1, whatever stands beside them', () => {
    const text = `4:memory:/docker/${id}\n2:cpu,cpuacct:/docker/${id}\n1:name=systemd:/docker/${id}\n0::/docker/${id}\n`;
    assert.deepEqual(cgroupFiles(text, id), {
      cpu: `/sys/fs/cgroup/cpuacct/docker/${id}/cpuacct.usage`,
      memory: `/sys/fs/cgroup/memory/docker/${id}/memory.stat`,
      version: 1,
    });
  });

  test('is found in the one hierarchy of version 2', () => {
    const path = `/system.slice/docker-${id}.scope`;
    assert.deepEqual(cgroupFiles(`0::${path}\n`, id), {
      cpu: `/sys/fs/cgroup${path}/cpu.stat`,
      memory: `/sys/fs/cgroup${path}/memory.stat`,
      version: 2,
    });
  });

  test('is not known where the process id means somebody else', () => {
    assert.equal(cgroupFiles('0::/user.slice\n', id), undefined);
    assert.equal(cgroupFiles('', id), undefined);
  });

  test('tells processor time in seconds, and memory without page cache', async () => {
    await using folder = await temporaryFolder();
    const write = async (name: string, text: string): Promise<string> => {
      const path = join(folder.path, name);
      await writeFile(path, text);
      return path;
    };
    const second = {
      cpu: await write('cpu.stat', 'usage_usec 2500000\nuser_usec 2000000\nsystem_usec 500000\n'),
      memory: await write('memory.stat', 'anon 1000\nfile 9000\nkernel 50\nshmem 200\ninactive_anon 7\n'),
      version: 2,
    } as const;
    assert.deepEqual(await readCgroup(second), { cpuSeconds: 2.5, memoryBytes: 1_200 });
    const first = {
      cpu: await write('cpuacct.usage', '1500000000\n'),
      memory: await write(
        'memory.stat.1',
        'cache 9000\nrss 1\ntotal_cache 9000\ntotal_rss 4000\ntotal_shmem 100\n',
      ),
      version: 1,
    } as const;
    assert.deepEqual(await readCgroup(first), { cpuSeconds: 1.5, memoryBytes: 4_100 });
    const gone = { ...first, cpu: '/nowhere', memory: '/nowhere' };
    assert.deepEqual(await readCgroup(gone), { cpuSeconds: undefined, memoryBytes: undefined });
  });
});
