#!/usr/bin/env node
import { runCli } from './cli/run-cli.ts';
import { processSurroundings } from './cli/surroundings.ts';

process.exitCode = await runCli(process.argv.slice(2), processSurroundings());
