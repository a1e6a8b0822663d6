import { fnv1a } from '../../../../shared/fnv1a.ts';

/** A 32-bit hash of a text, spread well in all bits (FNV-1a with a finishing mix); not for use against an attacker. */
export function hashOf(text: string): number {
  return finish(fnv1a(text));
}

/** Another hash for each number, from one of a text. */
export function mix(hash: number, number: number): number {
  return finish(Math.imul(hash ^ Math.imul(number + 1, 0x9e3779b1), 0x85ebca6b));
}

/** The hash as a share from 0 to below 1. */
export function asShare(hash: number): number {
  return hash / 0x1_0000_0000;
}

/** The finalizer of MurmurHash3 (32 bits). */
function finish(hash: number): number {
  let mixed = hash;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
