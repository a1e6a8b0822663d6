import { resolve } from 'node:path';
import type { Service } from '../../../model/service.ts';
import type { Stack } from '../../../model/stack.ts';
import { composeServiceOf } from '../compose-types.ts';
import type { ComposeMount } from '../compose-types.ts';
import { volumeName } from '../names.ts';
import type { EngineHostConfig, EngineMount } from './engine-body.ts';
import { fileReferences } from './file-references.ts';
import { permissionBits, wholeNumber } from './units.ts';

/**
 * Binds where they say all there is to say, as docker compose does: only a bind creates a missing host folder. Else
 * mounts.
 */
export function mounts(stack: Stack, service: Service): EngineHostConfig {
  const config = composeServiceOf(service);
  const volumes = config.volumes ?? [];
  const targets = new Set(volumes.map(({ target }) => target));
  const files = fileReferences(stack, service)
    .filter((reference) => reference.from === 'file')
    .filter(({ target }) => !targets.has(target))
    .map(({ source, target }): EngineMount => ({
      Type: 'bind',
      Source: resolve(stack.workingDir, source),
      Target: target,
      ReadOnly: true,
    }));
  const binds = volumes.filter((mount) => isBind(mount, stack)).map((mount) => bind(mount, stack));
  const advanced = volumes
    .filter((mount) => !isBind(mount, stack))
    .map((mount) => mountSettings(mount, stack));
  const tmpfs = (config.tmpfs ?? []).map((entry) => {
    const end = entry.indexOf(':');
    return end < 0 ? [entry, ''] : [entry.slice(0, end), entry.slice(end + 1)];
  });
  return {
    ...(binds.length > 0 ? { Binds: binds } : {}),
    ...(advanced.length + files.length > 0 ? { Mounts: [...advanced, ...files] } : {}),
    ...(tmpfs.length > 0 ? { Tmpfs: Object.fromEntries(tmpfs) } : {}),
  };
}

function isBind(mount: ComposeMount, stack: Stack): boolean {
  if (mount.type === 'bind') {
    const { create_host_path: isCreated, propagation, recursive } = mount.bind ?? {};
    return isCreated !== false && !propagation && !recursive;
  }
  if (mount.type !== 'volume' || !Object.hasOwn(stack.volumes, mount.source ?? '')) return false;
  const { labels, subpath, nocopy } = mount.volume ?? {};
  return !subpath && !nocopy && Object.keys(labels ?? {}).length === 0;
}

function bind(mount: ComposeMount, stack: Stack): string {
  const options = [mount.read_only ? 'ro' : 'rw', mount.bind?.selinux].filter(Boolean);
  return `${sourceOf(mount, stack)}:${mount.target}:${options.join(',')}`;
}

function sourceOf(mount: ComposeMount, stack: Stack): string {
  const source = mount.source ?? '';
  if (mount.type === 'bind') return resolve(stack.workingDir, source);
  return Object.hasOwn(stack.volumes, source) ? volumeName(stack, source) : source;
}

function mountSettings(mount: ComposeMount, stack: Stack): EngineMount {
  const options = { ...bindOptions(mount), ...volumeOptions(mount), ...tmpfsOptions(mount) };
  return {
    Type: mount.type ?? 'volume',
    Source: mount.type === 'tmpfs' ? '' : sourceOf(mount, stack),
    Target: mount.target ?? '',
    ReadOnly: mount.read_only ?? false,
    ...(mount.consistency ? { Consistency: mount.consistency } : {}),
    ...options,
  };
}

function bindOptions({ type, bind }: ComposeMount): object {
  if (type !== 'bind' || !bind) return {};
  return {
    BindOptions: {
      ...(bind.propagation ? { Propagation: bind.propagation } : {}),
      ...(bind.create_host_path === false ? {} : { CreateMountpoint: true }),
      ...(bind.recursive === 'disabled' ? { NonRecursive: true } : {}),
      ...(bind.recursive === 'writable' ? { ReadOnlyNonRecursive: true } : {}),
      ...(bind.recursive === 'readonly' ? { ReadOnlyForceRecursive: true } : {}),
    },
  };
}

function volumeOptions({ type, volume, image }: ComposeMount): object {
  if (type === 'image') return image?.subpath ? { ImageOptions: { Subpath: image.subpath } } : {};
  if (type !== 'volume' || !volume) return {};
  return {
    VolumeOptions: {
      NoCopy: volume.nocopy ?? false,
      Labels: { ...volume.labels },
      ...(volume.subpath ? { Subpath: volume.subpath } : {}),
    },
  };
}

function tmpfsOptions({ type, tmpfs }: ComposeMount): object {
  if (type !== 'tmpfs' || !tmpfs) return {};
  return {
    TmpfsOptions: {
      ...(tmpfs.size === undefined ? {} : { SizeBytes: wholeNumber(tmpfs.size) }),
      ...(tmpfs.mode === undefined ? {} : { Mode: permissionBits(tmpfs.mode, 0o1777) }),
    },
  };
}
