import { object, short } from './collections.ts';
import { ulimits } from './commands.ts';
import { anyOf, environment, hosts, mapping, sshKeys, textOrList, texts, widened } from './mappings.ts';
import { fileMounts } from './mounts.ts';
import { bytes, flag, text } from './scalars.ts';

const textOrBoolean = widened(text(), 'string', 'boolean');

/** Compose `services.*.build`. */
export const build = short(
  object({
    context: text(),
    dockerfile: text(),
    dockerfile_inline: text(),
    entitlements: texts(),
    args: environment(),
    provenance: textOrBoolean,
    sbom: textOrBoolean,
    ssh: sshKeys(),
    labels: mapping(),
    cache_from: texts(),
    cache_to: texts(),
    no_cache: flag(),
    no_cache_filter: textOrList(),
    additional_contexts: mapping(),
    pull: flag(),
    extra_hosts: hosts(),
    isolation: text(),
    network: text(),
    target: text(),
    secrets: fileMounts,
    shm_size: bytes(['integer', 'string']),
    tags: texts(),
    ulimits: ulimits(),
    platforms: texts(),
    privileged: flag(),
  }),
  anyOf('string'),
);
