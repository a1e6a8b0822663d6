import type { MemoryBehaviour } from '../../src/runtime/memory/behaviour.ts';
import { createMemoryDriver } from '../../src/runtime/memory/memory-driver.ts';
import { testRuntimeContract } from './runtime-contract.ts';
import type { Program, RuntimeHarness } from './runtime-contract.ts';
import { serviceOf, stackOf } from './stack-of.ts';

function behaviourOf(program: Program | undefined): MemoryBehaviour {
  switch (program?.name) {
    case 'exit':
      return { exit: { afterMs: program.afterMs, code: program.code } };
    case 'ignore-sigterm':
      return { ignoresStopSignal: true, prints: [{ stream: 'stdout', text: 'running' }] };
    case 'print': {
      const out = program.out.map((text) => ({ stream: 'stdout' as const, text }));
      return { prints: [...out, ...program.err.map((text) => ({ stream: 'stderr' as const, text }))] };
    }
    case 'serve':
    case undefined:
      // Starts take time, so that two of the same replica never begin in the same millisecond.
      return { startMs: 5 };
  }
}

async function openHarness(): Promise<RuntimeHarness> {
  const programs = new Map<string, Program>();
  const driver = createMemoryDriver({
    behaviourOf: ({ stack, service }) => behaviourOf(programs.get(`${stack}/${service}`)),
  });
  let count = 0;
  return {
    driver,
    stackOf(services) {
      const name = `contract-${++count}`;
      for (const [service, program] of Object.entries(services)) programs.set(`${name}/${service}`, program);
      return stackOf(
        name,
        '/',
        Object.keys(services).map((service) => serviceOf(service, { targets: [80] })),
      );
    },
    reopen: () => Promise.reject(new Error('nothing outlives a memory driver')),
    [Symbol.asyncDispose]: () => driver[Symbol.asyncDispose](),
  };
}

testRuntimeContract('memory', { open: openHarness, skip: false, runsPrograms: false });
