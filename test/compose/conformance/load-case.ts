import { existsSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { join } from 'node:path';
import { LoadSession } from '../../../src/compose/combine/session.ts';
import { assembleProject } from '../../../src/compose/project/assemble-project.ts';
import { checkName } from '../../../src/compose/project/project-name.ts';
import { projectJson } from '../../../src/compose/render/project-json.ts';
import { messageOf, TenfoldError } from '../../../src/shared/errors.ts';
import type { Outcome } from './categories.ts';
import { placeCase, withWorkDir, writeFiles } from './case-files.ts';
import { isSameCause } from './same-cause.ts';

interface LoadCaseOptions {
  readonly projectName?: string;
  readonly projectNameImperativelySet?: boolean;
  readonly resolvePaths?: boolean;
  readonly skipNormalization?: boolean;
  readonly skipConsistencyCheck?: boolean;
  readonly skipValidation?: boolean;
  readonly skipInterpolation?: boolean;
  readonly skipExtends?: boolean;
  readonly skipInclude?: boolean;
  readonly skipResolveEnvironment?: boolean;
  readonly skipDefaultValues?: boolean;
  readonly discardEnvFiles?: boolean;
  readonly profiles?: readonly string[];
  readonly selectedServices?: readonly string[];
  readonly pruneUnnecessaryResources?: boolean;
  readonly customResourceLoaders?: boolean;
  readonly knownExtensions?: boolean;
}

export interface LoadCase {
  readonly name: string;
  readonly config_files: readonly { readonly filename: string; readonly content: string }[];
  readonly cwd: string;
  readonly working_dir: string;
  readonly environment: Readonly<Record<string, string>> | null;
  readonly files: Readonly<Record<string, string>>;
  readonly options: LoadCaseOptions;
  readonly expected: unknown;
  readonly error: string | null;
  readonly project_name?: string;
  readonly project_environment?: unknown;
  readonly disabled_services?: readonly string[];
  readonly roundtrip: boolean;
}

/** What only a program written in Go can ask of the reference: the cases that use it say nothing about files. */
export const goOnlyOptions = {
  customResourceLoaders: 'the program registers its own fetcher for file names of a made-up scheme',
  knownExtensions: "the program registers a Go type for an extension, and gets that type's values back",
} as const;

/** Runs a case of load.json; undefined for one that is a repetition or Go-only. */
export function runLoadCase(recorded: LoadCase): Outcome | undefined {
  const { options } = recorded;
  if (recorded.roundtrip || Object.keys(goOnlyOptions).some((option) => option in options)) return undefined;
  return withWorkDir((workDir) => {
    const placed = placeCase(recorded, workDir);
    writeFiles(placed.files);
    return { name: placed.name, difference: differenceOf(placed) };
  });
}

function differenceOf(placed: LoadCase): string | undefined {
  let got: unknown;
  try {
    got = load(placed);
  } catch (thrown) {
    if (!(thrown instanceof TenfoldError)) return `not our error: ${messageOf(thrown)}`;
    const messages = [thrown, ...thrown.errors].map(({ message }) => message);
    if (placed.error === null) return `refused: ${messages.join('; ')}`;
    const { error } = placed;
    return messages.some((message) => isSameCause(error, message))
      ? undefined
      : `${error} ≠ ${messages.join('; ')}`;
  }
  if (placed.error !== null) return `accepted, expected: ${placed.error}`;
  const expected = {
    project: placed.expected,
    name: placed.project_name,
    environment: placed.project_environment,
    disabled: placed.disabled_services,
  };
  return isDeepStrictEqual(got, expected) ? undefined : firstDifference(expected, got, '');
}

function load(placed: LoadCase): unknown {
  const { options } = placed;
  // Some cases have a relative working directory, which no command line ever gives; where it matters, the folder is there.
  if (existsSync(placed.cwd)) process.chdir(placed.cwd);
  const isNameFixed = options.projectNameImperativelySet ?? false;
  if (isNameFixed) checkName(options.projectName ?? '');
  const project = assembleProject(
    {
      files: placed.config_files.map(({ filename, content }) => ({ filename, content })),
      workingDir: placed.working_dir,
      environment: new Map(Object.entries(placed.environment ?? {})),
      name: options.projectName ?? '',
      isNameFixed,
      profiles: options.profiles ?? [],
      selectedServices: options.selectedServices ?? [],
      phases: {
        interpolates: !options.skipInterpolation,
        validates: !options.skipValidation,
        resolvesPaths: options.resolvePaths ?? false,
        followsIncludes: !options.skipInclude,
        followsExtends: !options.skipExtends,
        setsDefaults: !options.skipDefaultValues,
        normalizes: !options.skipNormalization,
        checksConsistency: !options.skipConsistencyCheck,
        resolvesEnvironment: !options.skipResolveEnvironment,
        discardsEnvFiles: options.discardEnvFiles ?? false,
        prunesResources: options.pruneUnnecessaryResources ?? false,
        binds: true,
      },
    },
    new LoadSession(),
  );
  return JSON.parse(
    JSON.stringify({
      project: projectJson(project),
      name: project.name,
      environment: project.environment,
      disabled: Object.keys(project.disabledServices).sort(),
    }),
  );
}

function firstDifference(expected: unknown, got: unknown, path: string): string | undefined {
  if (isDeepStrictEqual(expected, got)) return undefined;
  if (isObject(expected) && isObject(got)) {
    for (const key of new Set([...Object.keys(expected), ...Object.keys(got)])) {
      const difference = firstDifference(expected[key], got[key], join(path, key));
      if (difference !== undefined) return difference;
    }
  }
  return `${path}: ${JSON.stringify(expected)} ≠ ${JSON.stringify(got)}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
