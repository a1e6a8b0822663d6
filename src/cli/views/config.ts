import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Option } from 'commander';
import { isTenfoldError, messageOf, TenfoldError } from '../../shared/errors.ts';
import type { ConfigView } from '../../compose/render-config.ts';
import type { Project } from '../../compose/project.ts';
import type { Invocation } from '../invocation.ts';
import { loadComposeProject, stackOf, type LoadedStack } from '../project.ts';
import { addVerb, type Program, type VerbCall } from '../verb.ts';

/** The views that are an option of their own. */
const views = [
  'services',
  'images',
  'volumes',
  'networks',
  'models',
  'profiles',
  'environment',
  'variables',
] as const satisfies readonly ConfigView[];

type ViewOptions = { readonly [View in (typeof views)[number]]?: true };

interface ConfigOptions extends ViewOptions {
  readonly format?: 'yaml' | 'json';
  readonly hash?: string;
  readonly schema?: true;
  readonly interpolate: boolean;
  readonly normalize: boolean;
  readonly pathResolution: boolean;
  readonly consistency: boolean;
  readonly envResolution: boolean;
  readonly quiet?: true;
  readonly output?: string;
}

export function addConfig(program: Program): void {
  addVerb<ConfigOptions>(program, {
    name: 'config',
    summary: 'check the compose files, and print them merged, filled in and in canonical form',
    description:
      'Without options that leave something out, and without services, it refuses what `up` would refuse in the files.',
    define: (command) =>
      command
        .argument('[service...]', 'only these services and what they depend on')
        .addOption(new Option('--format <format>', 'of the output').choices(['yaml', 'json']))
        .option('--services', 'print the names of the services')
        .option('--images', 'print the images')
        .option('--volumes', 'print the names of the volumes')
        .option('--networks', 'print the names of the networks')
        .option('--models', 'print the models')
        .option('--profiles', 'print the names of the profiles')
        .option('--environment', 'print the variables that the files are filled in from')
        .option('--variables', 'print the variables that the files ask for')
        .option(
          '--hash <services>',
          'print the config hash of services, with commas between, or of * for all',
        )
        .option('--schema', 'print the JSON schema of compose files, for editors')
        .option('--no-interpolate', 'leave variables as they are')
        .option('--no-normalize', 'leave out what the files only imply')
        .option('--no-path-resolution', 'leave relative paths as they are')
        .option(
          '--no-consistency',
          'do not check that services, networks, volumes and what `up` makes of them fit together',
        )
        .option('--no-env-resolution', 'do not read the env files of services')
        .option('-q, --quiet', 'print nothing; the exit code says whether the files are valid')
        .option('-o, --output <file>', 'write to a file instead'),
    run: runConfig,
  });
}

async function runConfig({ invocation, options, words }: VerbCall<ConfigOptions>): Promise<void> {
  const { output, surroundings } = invocation;
  const text =
    options.schema === true ? await schemaText() : await projectText({ invocation, options, words });
  if (options.quiet === true) return;
  if (options.output === undefined) return output.write(text);
  const file = resolve(surroundings.workingDir, options.output);
  try {
    await writeFile(file, text);
  } catch (thrown) {
    throw new TenfoldError('usage', `cannot write ${file}: ${messageOf(thrown)}`, { cause: thrown });
  }
}

async function schemaText(): Promise<string> {
  const { editorSchema } = await import('../../compose/schema/project-schema.ts');
  return `${JSON.stringify(editorSchema(), undefined, 2)}\n`;
}

async function projectText({ invocation, options, words }: VerbCall<ConfigOptions>): Promise<string> {
  const view = views.find((each) => options[each] === true) ?? 'model';
  const isInterpolated = options.interpolate && view !== 'variables';
  const project = await loadComposeProject(invocation, {
    services: words,
    interpolate: isInterpolated,
    normalize: options.normalize,
    resolvePaths: options.pathResolution,
    checkConsistency: options.consistency,
    resolveEnvironment: options.envResolution,
  });
  const isWhole =
    words.length === 0 &&
    isInterpolated &&
    options.normalize &&
    options.pathResolution &&
    options.consistency &&
    options.envResolution;
  const { warnings } = isWhole ? await checkedStack(invocation, project) : project;
  for (const warning of warnings) invocation.output.warn(warning);
  if (options.quiet === true) return '';
  const { renderConfig, renderHashes } = await import('../../compose/render-config.ts');
  const { isJson } = invocation.output;
  if (options.hash !== undefined) return listText(renderHashes(project, options.hash), 'hashes', isJson);
  const format = options.format ?? (isJson ? 'json' : 'yaml');
  const text = renderConfig(project, { view, format, isInterpolated });
  return view === 'model' || view === 'variables' ? text : listText(text, view, isJson);
}

/** Throws with what `up` would refuse before it asks the machine for anything. */
async function checkedStack(invocation: Invocation, project: Project): Promise<LoadedStack> {
  const loaded = await stackOf(invocation, project);
  const { checkRunnable } = await import('../../daemon/stack/check-runnable.ts');
  try {
    for (const service of Object.values(loaded.stack.services))
      checkRunnable(service, service.replicas, loaded.stack);
  } catch (thrown) {
    throw isTenfoldError(thrown) ? loaded.locate(thrown) : thrown;
  }
  return loaded;
}

/** Lines as they are, or as one JSON document: `{"services": ["web"]}`. */
function listText(lines: string, name: string, isJson: boolean): string {
  return isJson ? `${JSON.stringify({ [name]: lines.split('\n').filter((line) => line !== '') })}\n` : lines;
}
