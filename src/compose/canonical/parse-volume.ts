import { goClean } from '../go-path.ts';
import type { TreeMap } from '../tree.ts';

/** A volume in the short syntax, taken apart; `target` is as written. */
export interface VolumeSpec {
  type: 'volume' | 'bind';
  source: string;
  target: string;
  isReadOnly: boolean;
  propagation: string | undefined;
  selinux: string | undefined;
  isNoCopy: boolean;
  /** One or two characters are a bare target, which carries no options of its own. */
  isBare: boolean;
}

const propagations = new Set(['rprivate', 'private', 'rshared', 'shared', 'rslave', 'slave']);

/** Parses `[SOURCE:]TARGET[:OPTIONS]` (compose-spec, services.volumes, short syntax), Windows paths included. */
export function parseVolume(spec: string): VolumeSpec | { readonly problem: string } {
  const volume: VolumeSpec = {
    type: 'volume',
    source: '',
    target: '',
    isReadOnly: false,
    propagation: undefined,
    selinux: undefined,
    isNoCopy: false,
    isBare: false,
  };
  if (spec === '') return { problem: 'invalid empty volume spec' };
  if (Buffer.byteLength(spec) <= 2) return { ...volume, target: spec, isBare: true };
  const sections = splitSections(spec);
  const wrong = (problem: string) => ({ problem: `invalid spec: ${spec}: ${problem}` });
  for (const [index, section] of sections.entries()) {
    const isLast = index === sections.length - 1;
    if (section === '') return wrong('empty section between colons');
    if (volume.source === '' && isLast) volume.target = section;
    else if (volume.source === '') volume.source = section;
    else if (volume.target === '') volume.target = section;
    else if (!isLast) return wrong('too many colons');
    else readOptions(volume, section);
  }
  if (isFilePath(volume.source)) volume.type = 'bind';
  return volume;
}

/** Splits at colons, but not at a drive letter's nor inside `${…}`, which stands there when nothing is interpolated. */
function splitSections(spec: string): string[] {
  const sections: string[] = [];
  let section = '';
  let nesting = 0;
  for (let index = 0; index < spec.length; index += 1) {
    const character = spec[index] ?? '';
    if (character === '$' && spec[index + 1] === '{') nesting += 1;
    else if (character === '}' && nesting > 0) nesting -= 1;
    else if (character === ':' && nesting === 0 && !/^\p{L}$/u.test(section)) {
      sections.push(section);
      section = '';
      continue;
    }
    section += character;
  }
  sections.push(section);
  return sections;
}

/** Unknown options are ignored, as docker compose does. */
function readOptions(volume: VolumeSpec, section: string): void {
  for (const option of section.split(',')) {
    if (option === 'ro') volume.isReadOnly = true;
    else if (option === 'rw') volume.isReadOnly = false;
    else if (option === 'nocopy') volume.isNoCopy = true;
    else if (propagations.has(option)) volume.propagation = option;
    else if (option === 'z' || option === 'Z') volume.selinux = option;
  }
}

/** A path of the host rather than the name of a volume. */
export function isFilePath(source: string): boolean {
  return /^[./~]/.test(source) || source.startsWith('\\\\') || /^\p{L}:/u.test(source);
}

/** The long syntax of a volume. */
export function longVolume(volume: VolumeSpec): TreeMap {
  const long: TreeMap = { type: volume.type };
  if (volume.source !== '') long['source'] = volume.source;
  if (volume.target !== '') long['target'] = goClean(volume.target);
  if (volume.isReadOnly) long['read_only'] = true;
  const isBind = volume.type === 'bind';
  if (isBind || volume.propagation !== undefined || volume.selinux !== undefined) {
    const bind: TreeMap = {};
    if (volume.selinux !== undefined) bind['selinux'] = volume.selinux;
    if (volume.propagation !== undefined) bind['propagation'] = volume.propagation;
    // The short syntax has always created a missing folder of the host.
    if (isBind) bind['create_host_path'] = true;
    long['bind'] = bind;
  }
  if (volume.isNoCopy) long['volume'] = { nocopy: true };
  else if (!isBind && !volume.isBare) long['volume'] = {};
  return long;
}
