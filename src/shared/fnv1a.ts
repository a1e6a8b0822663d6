/** The 32-bit hash FNV-1a of a text's UTF-16 units, as a signed number; not for use against an attacker. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash;
}
