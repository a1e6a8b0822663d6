import { z } from 'zod';
import type { PrometheusTarget } from '../../model/autoscale.ts';
import { messageOf } from '../../shared/errors.ts';

/** The value of a query now, or why it has none. */
export type QueryAnswer = { readonly value: number } | { readonly error: string };

const timeoutMs = 5_000;
const maxAnswerBytes = 1024 * 1024;

const sample = z.tuple([z.number(), z.string()]);
const answerShape = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('success'),
    data: z.discriminatedUnion('resultType', [
      z.object({ resultType: z.literal('scalar'), result: sample }),
      z.object({ resultType: z.literal('vector'), result: z.array(z.object({ value: sample })) }),
      z.object({ resultType: z.literal('matrix'), result: z.array(z.unknown()) }),
      z.object({ resultType: z.literal('string'), result: z.unknown() }),
    ]),
  }),
  z.object({ status: z.literal('error'), error: z.string() }),
]);

/** Asks a Prometheus for the value of an instant query. Source: Prometheus HTTP API, `/api/v1/query`. */
export async function askPrometheus(
  { url, query }: Pick<PrometheusTarget, 'url' | 'query'>,
  signal: AbortSignal,
): Promise<QueryAnswer> {
  try {
    const address = new URL('api/v1/query', url.endsWith('/') ? url : `${url}/`);
    address.searchParams.set('query', query);
    const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const response = await fetch(address, { signal: limit, redirect: 'error' });
    const text = await boundedText(response);
    return readAnswer(text, response.status);
  } catch (thrown) {
    const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
    return { error: `${new URL(url).host} does not answer: ${messageOf(cause)}` };
  }
}

function readAnswer(text: string, status: number): QueryAnswer {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { error: `the answer is no JSON, with status ${status}` };
  }
  const answer = answerShape.safeParse(json);
  if (!answer.success) return { error: `the answer is none of a Prometheus, with status ${status}` };
  if (answer.data.status === 'error') return { error: answer.data.error };
  const { data } = answer.data;
  if (data.resultType === 'matrix' || data.resultType === 'string')
    return { error: `the query gives a ${data.resultType}, and not one value` };
  const samples = data.resultType === 'scalar' ? [data.result] : data.result.map(({ value }) => value);
  const [first] = samples;
  if (first === undefined) return { error: 'the query gives nothing' };
  if (samples.length > 1)
    return { error: `the query gives ${samples.length} values, and not one; sum() adds them up` };
  const value = Number(first[1]);
  return Number.isFinite(value) ? { value } : { error: `the query gives ${first[1]}` };
}

async function boundedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > maxAnswerBytes) throw new Error(`the answer is longer than ${maxAnswerBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
