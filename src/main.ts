#!/usr/bin/env node
import { enableCompileCache } from 'node:module';

// Most of a short command is the compiling of this program; what was compiled once is kept.
enableCompileCache();
const { runCli } = await import('./cli/run-cli.ts');
const { processSurroundings } = await import('./cli/surroundings.ts');
process.exitCode = await runCli(process.argv.slice(2), processSurroundings());
