import type { Fault, Report } from '../faults.ts';
import { pathOf } from '../path.ts';
import type { Project, ServiceConfig } from '../project.ts';
import { extensionsKey } from '../schema/collections.ts';
import { checkCycles } from './check-cycles.ts';
import { checkLimits } from './check-limits.ts';
import { checkMounts } from './check-mounts.ts';

type Checked = Pick<
  Project,
  'services' | 'disabledServices' | 'networks' | 'volumes' | 'secrets' | 'configs' | 'models'
>;

/** Says that something is wrong at a key of the service. */
export type Say = (
  keys: readonly (string | number)[],
  message: string,
  details?: Pick<Fault, 'expected' | 'got' | 'hint' | 'unknown'>,
) => void;

/** Judges whether the active services, and what they refer to, fit together. Every fault is reported. */
export function checkConsistency(project: Checked, report: Report): void {
  for (const [name, service] of Object.entries(project.services)) {
    const say: Say = (keys, message, details) =>
      report({ path: pathOf('services', name, ...keys), message, ...details });
    checkKind(name, service, say);
    checkBuild(name, service, project, say);
    checkReferences(name, service, project, say);
    checkHealth(service, say);
    checkLimits(name, service, say);
    checkMounts(name, service, say);
  }
  for (const [name, secret] of Object.entries(project.secrets)) {
    if (secret.external === true || secret.file !== undefined || secret.environment !== undefined) continue;
    if (secret.driver !== undefined) continue;
    const message = `secret "${name}" must declare either \`file\` or \`environment\``;
    report({ path: pathOf('secrets', name), message, expected: 'file or environment' });
  }
  checkCycles(project.services, report);
}

/** For the nearest name, which is only looked for when the fault is shown. */
function nameOf(word: string, known: Readonly<Record<string, unknown>>): Pick<Fault, 'unknown'> {
  return { unknown: { word, known: () => Object.keys(known) } };
}

/** A service is a container by its image or build, or a local process by its command alone. */
function checkKind(name: string, service: ServiceConfig, say: Say): void {
  const { build, image, provider, command, entrypoint } = service;
  if (build !== undefined || image !== undefined || provider !== undefined) return;
  if ((command ?? []).length > 0 || (entrypoint ?? []).length > 0) return;
  say([], `service "${name}" has neither an image nor a build context specified`, {
    expected: 'image or build for a container, or command for a local process',
  });
}

function checkBuild(name: string, { build, platform }: ServiceConfig, project: Checked, say: Say): void {
  if (build === undefined) return;
  if (build.dockerfile !== undefined && build.dockerfile_inline !== undefined) {
    say(
      ['build', 'dockerfile_inline'],
      `service "${name}" declares mutualy exclusive dockerfile and dockerfile_inline`,
    );
  }
  for (const [key, context] of Object.entries(build.additional_contexts ?? {})) {
    if (context === null || !context.startsWith('service:')) continue;
    const target = context.slice('service:'.length);
    const keys = ['build', 'additional_contexts', key];
    const other = project.services[target];
    if (other === undefined) {
      const message = `service "${name}" declares unknown service "${target}" as additional contexts ${key}`;
      say(keys, message, nameOf(target, project.services));
    } else if (other.build === undefined) {
      say(keys, `service "${name}" declares non-buildable service "${target}" as additional contexts ${key}`);
    }
  }
  const { platforms } = build;
  if (platforms !== undefined && platform !== undefined && !platforms.includes(platform)) {
    say(['build', 'platforms'], `service.build.platforms MUST include service.platform "${platform}"`);
  }
}

function checkReferences(name: string, service: ServiceConfig, project: Checked, say: Say): void {
  const undefinedResource = (
    keys: readonly (string | number)[],
    kind: string,
    resource: string | undefined,
    known: Readonly<Record<string, unknown>>,
  ) => {
    if (resource === undefined || resource in known) return;
    const message = `service "${name}" refers to undefined ${kind} ${resource}`;
    const hint =
      resource === extensionsKey
        ? { hint: 'a name that begins with x- is taken for an extension here' }
        : nameOf(resource, known);
    say(keys, message, { got: resource, ...hint });
  };
  const { network_mode: networkMode, networks = {} } = service;
  if (networkMode !== undefined && Object.keys(networks).length > 0) {
    say(['network_mode'], `service ${name} declares mutually exclusive \`network_mode\` and \`networks\``);
  }
  for (const network of Object.keys(networks)) {
    undefinedResource(['networks', network], 'network', network, project.networks);
  }
  for (const [dependency, details] of Object.entries(service.depends_on ?? {})) {
    if (dependency in project.services) continue;
    if (dependency in project.disabledServices && details?.required === false) continue;
    const message = `service "${name}" depends on undefined service "${dependency}"`;
    say(['depends_on', dependency], message, nameOf(dependency, project.services));
  }
  if (networkMode?.startsWith('service:') === true) {
    const target = networkMode.slice('service:'.length);
    if (!(target in project.services)) {
      say(['network_mode'], `service "${target}" not found for network_mode 'service:${target}'`);
    }
  }
  for (const [index, volume] of (service.volumes ?? []).entries()) {
    if (volume.type === 'volume')
      undefinedResource(['volumes', index], 'volume', volume.source, project.volumes);
  }
  for (const [index, secret] of (service.build?.secrets ?? []).entries()) {
    undefinedResource(['build', 'secrets', index], 'build secret', secret.source ?? '', project.secrets);
  }
  for (const [index, config] of (service.configs ?? []).entries()) {
    undefinedResource(['configs', index], 'config', config.source ?? '', project.configs);
  }
  for (const model of Object.keys(service.models ?? {})) {
    undefinedResource(['models', model], 'model', model, project.models);
  }
  for (const [index, secret] of (service.secrets ?? []).entries()) {
    undefinedResource(['secrets', index], 'secret', secret.source ?? '', project.secrets);
  }
}

function checkHealth({ healthcheck }: ServiceConfig, say: Say): void {
  const first = healthcheck?.test?.[0];
  if (first === undefined || ['CMD', 'CMD-SHELL', 'NONE'].includes(first)) return;
  say(['healthcheck', 'test'], 'healthcheck.test must start either by "CMD", "CMD-SHELL" or "NONE"', {
    expected: 'CMD, CMD-SHELL or NONE as its first word',
    got: first,
    hint: 'or write the command as one string',
  });
}
