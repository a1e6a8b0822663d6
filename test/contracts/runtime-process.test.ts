import { join } from 'node:path';
import type { Service } from '../../src/model/service.ts';
import { createProcessDriver } from '../../src/runtime/process/process-driver.ts';
import { createProcessTable, psTable } from '../../src/runtime/process/system/process-table.ts';
import type { ProcessTable } from '../../src/runtime/process/system/process-table.ts';
import { findProgram } from '../helpers/parts.ts';
import { temporaryFolder } from '../helpers/temporary.ts';
import { testRuntimeContract } from './runtime-contract.ts';
import type { Program, RuntimeHarness } from './runtime-contract.ts';
import { serviceOf, stackOf } from './stack-of.ts';

const programs = join(import.meta.dirname, '../fixtures/programs');

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

function processService(name: string, program: Program): Service {
  const command = [process.execPath, join(programs, `${program.name}.mjs`), ...wordsOf(program)];
  return serviceOf(name, { targets: program.name === 'serve' ? [80] : [], config: { command } });
}

async function openHarness(table: ProcessTable): Promise<RuntimeHarness> {
  const folder = await temporaryFolder();
  const options = {
    directory: join(folder.path, 'processes'),
    logDirectory: join(folder.path, 'logs'),
    table,
  };
  let driver = createProcessDriver(options);
  let count = 0;
  return {
    get driver() {
      return driver;
    },
    stackOf: (services) =>
      stackOf(
        `contract-${++count}`,
        folder.path,
        Object.entries(services).map(([name, program]) => processService(name, program)),
      ),
    async reopen() {
      await driver[Symbol.asyncDispose]();
      driver = createProcessDriver(options);
    },
    async [Symbol.asyncDispose]() {
      await driver[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

testRuntimeContract('process', {
  open: () => openHarness(createProcessTable()),
  skip: false,
  runsPrograms: true,
});

// As on a system without /proc.
testRuntimeContract('process, by way of ps,', {
  open: () => openHarness(psTable()),
  skip: findProgram('ps') === undefined ? 'ps is not installed' : false,
  runsPrograms: true,
});
