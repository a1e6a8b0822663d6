import type { RequestHead } from '../http/request-head.ts';
import type { ForwardedBy } from '../exchange/request-format.ts';
import { editLines, fieldValue, withoutField } from '../routing/header-lines.ts';
import { stripFromTarget } from '../routing/rewrite-target.ts';
import type { EncodingTerms } from './response/compression.ts';
import type { Passage } from './gate.ts';

/** Makes the head the one that is forwarded, and returns who it is forwarded for. */
export function applyPassage(head: RequestHead, passage: Passage, by: ForwardedBy): ForwardedBy {
  const { fields } = head;
  const { strippedPrefix, requestHeaders, client } = passage;
  if (strippedPrefix !== undefined && strippedPrefix !== '') {
    const queryAt = head.target.indexOf('?');
    const path = (queryAt < 0 ? head.target : head.target.slice(0, queryAt)).replace(/\/{2,}/g, '/');
    head.target = stripFromTarget(path, queryAt < 0 ? '' : head.target.slice(queryAt + 1), strippedPrefix);
    fields.kept = `${withoutField(fields.kept, 'x-forwarded-prefix')}X-Forwarded-Prefix: ${strippedPrefix}\r\n`;
  }
  if (requestHeaders !== undefined) {
    const host = requestHeaders.set.find(({ name }) => name.toLowerCase() === 'host');
    if (host !== undefined) head.host = host.value;
    const set = requestHeaders.set.filter((field) => field !== host);
    fields.kept = editLines(fields.kept, { ...requestHeaders, set });
  }
  return { clientAddress: by.clientAddress, lines: client.forwardedLines, ends: by.ends };
}

/** What happens to the response on its way back; undefined: nothing. Reads the head before it is changed. */
export function filterTerms(head: RequestHead, { compression }: Passage): EncodingTerms | undefined {
  if (compression === undefined) return undefined;
  const { kept } = head.fields;
  return {
    policy: compression,
    acceptEncoding: fieldValue(kept, 'accept-encoding'),
    isHttp10: head.isHttp10,
    isHeadRequest: head.method === 'HEAD',
    isRangeRequest: fieldValue(kept, 'range') !== undefined,
  };
}
