import { join } from 'node:path';
import type { Service } from '../../src/model/service.ts';
import { createDockerDriver } from '../../src/runtime/docker/docker-driver.ts';
import { baseImage } from '../helpers/docker/base-image.ts';
import { skipWithout } from '../helpers/parts.ts';
import { testRuntimeContract } from './runtime-contract.ts';
import type { Program, RuntimeHarness } from './runtime-contract.ts';
import { serviceOf, stackOf } from './stack-of.ts';

const programs = join(import.meta.dirname, '../fixtures/programs');
const port = 8080;

function wordsOf(program: Program): string[] {
  switch (program.name) {
    case 'serve':
    case 'ignore-sigterm':
      return [];
    case 'exit':
      return [String(program.code), String(program.afterMs)];
    case 'print':
      return [...program.out.map((line) => `out:${line}`), ...program.err.map((line) => `err:${line}`)];
  }
}

function containerService(image: string, name: string, program: Program): Service {
  return serviceOf(name, {
    kind: 'container',
    targets: program.name === 'serve' ? [port] : [],
    config: {
      image,
      command: ['node', `/programs/${program.name}.mjs`, ...wordsOf(program)],
      environment: { PORT: String(port), HOST: '0.0.0.0' },
      // As process 1, Node would ignore SIGTERM.
      init: true,
      volumes: [{ type: 'bind', source: programs, target: '/programs', read_only: true }],
      // The engine has address ranges for some thirty networks only; the suite makes that many stacks.
      network_mode: 'bridge',
    },
  });
}

async function openHarness(): Promise<RuntimeHarness> {
  const image = await baseImage();
  let driver = createDockerDriver();
  let count = 0;
  return {
    get driver() {
      return driver;
    },
    stackOf: (services) =>
      stackOf(
        `tenfold-contract-${process.pid}-${++count}`,
        programs,
        Object.entries(services).map(([name, program]) => containerService(image, name, program)),
      ),
    async reopen() {
      await driver[Symbol.asyncDispose]();
      driver = createDockerDriver();
    },
    [Symbol.asyncDispose]: () => driver[Symbol.asyncDispose](),
  };
}

testRuntimeContract('docker', { open: openHarness, skip: await skipWithout('docker'), runsPrograms: true });
