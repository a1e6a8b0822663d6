/** Bytes that may stand in a token (RFC 9110 section 5.6.2): methods and field names. */
const tokenBytes = new Uint8Array(256);
for (const character of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
  tokenBytes[character.charCodeAt(0)] = 1;
}

/** Bytes that may stand in a field value (RFC 9110 section 5.5): no control character but the tab. */
const valueBytes = new Uint8Array(256).fill(1);
valueBytes.fill(0, 0x00, 0x20);
valueBytes[0x09] = 1;
valueBytes[0x7f] = 0;

export const carriageReturn = 0x0d;
export const lineFeed = 0x0a;

export function isTokenByte(byte: number): boolean {
  return tokenBytes[byte] === 1;
}

export function isValueByte(byte: number): boolean {
  return valueBytes[byte] === 1;
}

export function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09;
}

export function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** Value of a hexadecimal digit, or -1. */
export function hexValue(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** True when the text is a token from end to end. */
export function isToken(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (!isTokenByte(text.charCodeAt(index))) return false;
  }
  return text.length > 0;
}
