/** What the command line ends with; `exec` ends with the exit code of its command instead. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  composeFile: 3,
  missing: 4,
  bug: 70,
  interrupted: 130,
} as const;

/** For docs/cli.md. */
export const exitCodeMeanings: Readonly<Record<keyof typeof exitCodes, string>> = {
  ok: 'Done.',
  failed: 'The work failed, or was refused.',
  usage: 'The command line is not one that tenfold takes, or names something that does not exist.',
  composeFile: 'The compose file or load scenario, or a file it refers to, is missing or not valid.',
  missing: 'Something needed is missing: a Docker engine, a free port, a folder that can be written to.',
  bug: 'A bug in tenfold; the stack is printed.',
  interrupted: 'Interrupted by Ctrl-C or a signal before it was done.',
};
