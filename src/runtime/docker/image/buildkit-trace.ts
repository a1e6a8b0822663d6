/*
 * BuildKit tells its progress as protobuf (`moby.buildkit.v1.StatusResponse`, base64 in the `aux` of a progress line).
 * Only the few fields that a person reads are taken out of it; the client library's own reading shows a step's output
 * in base64.
 */

type Field = { readonly number: number; readonly value: Buffer | number };

const statusField = { vertexes: 1, logs: 3 } as const;
const vertexField = { name: 3, cached: 4, started: 5, completed: 6, error: 7 } as const;
const logField = { message: 4 } as const;

/** Lines for a person: steps that begin or come from the cache, what they print, and their errors. */
export function traceLines(base64: string): readonly string[] {
  const lines: string[] = [];
  for (const { number, value } of fieldsOf(Buffer.from(base64, 'base64'))) {
    if (!Buffer.isBuffer(value)) continue;
    if (number === statusField.vertexes) lines.push(...vertexLines(value));
    if (number === statusField.logs) lines.push(...logLines(value));
  }
  return lines;
}

function vertexLines(vertex: Buffer): readonly string[] {
  const fields = new Map(fieldsOf(vertex).map(({ number, value }) => [number, value]));
  const text = (number: number): string => {
    const value = fields.get(number);
    return Buffer.isBuffer(value) ? value.toString('utf8') : '';
  };
  const name = text(vertexField.name);
  const error = text(vertexField.error);
  if (error !== '') return [`${name}: ${error}`];
  if (fields.get(vertexField.cached) === 1 && fields.has(vertexField.completed)) return [`${name} (cached)`];
  return fields.has(vertexField.started) && !fields.has(vertexField.completed) ? [name] : [];
}

function logLines(log: Buffer): readonly string[] {
  return fieldsOf(log)
    .filter(({ number }) => number === logField.message)
    .flatMap(({ value }) => (Buffer.isBuffer(value) ? value.toString('utf8').split(/\r?\n/) : []));
}

/** Fields of a protobuf message in order (Protocol Buffers, "Encoding"); what is cut off or unknown ends the reading. */
function fieldsOf(message: Buffer): readonly Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; at < message.length; scale *= 128) {
      const byte = message.readUInt8(at++);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
    }
    return value;
  };
  while (at < message.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    switch (tag % 8) {
      case 0:
        fields.push({ number, value: varint() });
        break;
      case 1:
        at += 8;
        break;
      case 2: {
        const length = varint();
        fields.push({ number, value: message.subarray(at, at + length) });
        at += length;
        break;
      }
      case 5:
        at += 4;
        break;
      default:
        return fields;
    }
  }
  return fields;
}
