import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

interface OwnAnswer {
  /** The status for which HAProxy reads the file. */
  readonly code: number;
  readonly status: string;
  readonly reason: string;
}

/** What is answered when HAProxy itself must answer. Its 503 means here that a replica was chosen and not reached. */
const ownAnswers: readonly OwnAnswer[] = [
  {
    code: 400,
    status: '400 Bad Request',
    reason: 'the request is malformed or could be read in two ways',
  },
  { code: 408, status: '408 Request Timeout', reason: 'the request was not sent in time' },
  { code: 502, status: '502 Bad Gateway', reason: 'the replica broke off before it answered' },
  { code: 503, status: '502 Bad Gateway', reason: 'no connection to a replica could be made' },
  { code: 504, status: '504 Gateway Timeout', reason: 'the replica did not answer in time' },
];

/** Lines of a `defaults` section for files in the folder. */
export function errorFileLines(folder: string): readonly string[] {
  return ownAnswers.map(({ code }) => `errorfile ${code} ${join(folder, `${code}.http`)}`);
}

export async function writeErrorFiles(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await Promise.all(
    ownAnswers.map(({ code, status, reason }) => {
      // The status line of a request that waited in vain is changed on its way, so the body does not repeat it.
      const body = code === 503 ? `${reason}\n` : `${status}: ${reason}\n`;
      const isFinal = code === 400 || code === 408;
      const head = [
        `HTTP/1.1 ${status}`,
        'Content-Type: text/plain; charset=utf-8',
        'Cache-Control: no-store',
        `Content-Length: ${body.length}`,
        ...(isFinal ? ['Connection: close'] : []),
      ];
      return writeFile(join(folder, `${code}.http`), `${head.join('\r\n')}\r\n\r\n${body}`, { mode: 0o600 });
    }),
  );
}
