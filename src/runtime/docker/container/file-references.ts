import type { Service } from '../../../model/service.ts';
import type { Stack } from '../../../model/stack.ts';
import { TenfoldError } from '../../../shared/errors.ts';
import { composeFileOf, composeServiceOf } from '../compose-types.ts';
import type { ComposeFileReference } from '../compose-types.ts';
import { permissionBits } from './units.ts';

/** A secret or config of a service, and where its content comes from. */
export type FileReference =
  | { readonly from: 'file'; readonly source: string; readonly target: string }
  | {
      readonly from: 'content';
      readonly content: string;
      readonly target: string;
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
      readonly described: string;
    };

/** Secrets go to /run/secrets, configs to the root, unless they name another target (Compose `secrets`, `configs`). */
export function fileReferences(stack: Stack, service: Service): readonly FileReference[] {
  const { secrets, configs } = composeServiceOf(service);
  return [
    ...(secrets ?? []).map((reference) => resolved('secret', reference, stack, service)),
    ...(configs ?? []).map((reference) => resolved('config', reference, stack, service)),
  ];
}

function resolved(
  kind: 'secret' | 'config',
  reference: ComposeFileReference,
  stack: Stack,
  service: Service,
): FileReference {
  const { source: key = '' } = reference;
  const folder = kind === 'secret' ? '/run/secrets/' : '/';
  const named = reference.target || key;
  const target = named.startsWith('/') ? named : `${folder}${named}`;
  const object = composeFileOf(kind, stack, key);
  const described = `${kind} ${key} of service ${service.name}`;
  if (object.external || object.driver || object.template_driver) {
    throw new TenfoldError('runtime-failed', `the ${described} cannot be given to a container`, {
      expected: 'a file, an environment variable or content',
      got: object.external ? 'external: true' : 'a driver',
      hint: 'only a Swarm cluster keeps external secrets and configs; name a file instead',
    });
  }
  if (object.file !== undefined) return { from: 'file', source: object.file, target };
  const content = object.content ?? stack.hostEnvironment[object.environment ?? ''];
  if (content === undefined) {
    throw new TenfoldError('runtime-failed', `the ${described} has no value`, {
      expected: `the environment variable ${object.environment ?? '(none named)'}`,
      hint: `set it before tenfold up, or name a file under ${kind}s`,
    });
  }
  return {
    from: 'content',
    content,
    target,
    mode: permissionBits(reference.mode, 0o444),
    uid: Number(reference.uid ?? 0),
    gid: Number(reference.gid ?? 0),
    described,
  };
}
