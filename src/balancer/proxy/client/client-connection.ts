import { applyPassage, filterTerms } from '../edge/apply-passage.ts';
import { type GateAnswer, refusal } from '../edge/gate-answer.ts';
import type { Peer } from '../edge/client-facts.ts';
import { type Gate, isPassage, type Passage } from '../edge/gate.ts';
import type { ExchangeClient } from '../exchange/exchange-client.ts';
import { type ForwardedBy, requestIdFor } from '../exchange/request-format.ts';
import type { ProxyLimits } from '../proxy-limits.ts';
import { eventTime } from '../socket/event-time.ts';
import { adoptSocket, emitData, SocketReader } from '../socket/socket-reader.ts';
import { reset, type Wire } from '../socket/wire.ts';
import type { ListenerState } from '../worker/routing-state.ts';
import type { WorkerContext } from '../worker/worker-context.ts';
import { ClientOutput, type OutputOwner } from './client-output.ts';
import type { Door, DoorConnection } from './door.ts';
import { type Entrant, forwardedBy } from './entrant.ts';
import { HalfClose } from './half-close.ts';
import { judgeRequest } from './judge-request.ts';
import { type AnsweredRequest, formatAnswer } from './own-answer.ts';
import { refusalReasons } from './refusal-reasons.ts';
import { RequestParts } from './request-parts.ts';
import { overdue } from './time-limits.ts';

/**
 * `head`: between requests or inside a head. `asking`: whether the request may come in is being found out. `exchange`: a
 * request is under way. `closing`: all is said, what still comes is read and dropped. `gone`: closed, or handed over to a
 * tunnel.
 */
export type Phase = 'head' | 'asking' | 'exchange' | 'closing' | 'gone';

/** One HTTP/1.x connection of a client: its requests, one after another. */
export class ClientConnection implements ExchangeClient, DoorConnection, OutputOwner {
  readonly wire: Wire;
  readonly parts: RequestParts;
  readonly halfClose: HalfClose;
  phase: Phase = 'head';
  hasServed = false;
  isHttp10 = false;
  /** When the present phase began; milliseconds since the epoch. */
  since = Date.now();
  readonly #door: Door;
  readonly #context: WorkerContext;
  readonly #peer: Peer;
  readonly #forwardedBy: ForwardedBy;
  #keepsAlive = true;
  #isRetiring = false;
  /** Of the request, for the rare case that the balancer answers by itself. */
  #fieldLines = '';
  /** What came after the request under way, or while it waits to be let in. */
  #early: Buffer | undefined;
  /** Counts the questions whether a request may come in, so that no late answer is taken for another one. */
  #question = 0;
  readonly #output: ClientOutput;

  constructor(entrant: Entrant, door: Door, context: WorkerContext) {
    const wire = entrant.wire ?? adoptSocket(entrant.raw, new SocketReader((chunk) => this.#read(chunk)));
    this.wire = wire;
    this.#door = door;
    this.#context = context;
    this.#peer = entrant.peer;
    this.#forwardedBy = forwardedBy(entrant, wire, door.forwardedLines);
    this.parts = new RequestParts(this, door, context);
    this.#output = new ClientOutput(wire, this);
    this.halfClose = new HalfClose(wire);
    if (entrant.wire !== undefined) wire.on('data', (chunk: Buffer) => this.#read(chunk));
    wire.on('drain', () => this.#drained());
    wire.on('end', () => this.#ended());
    // A close always follows.
    wire.on('error', () => {});
    wire.on('close', () => this.#closed());
  }

  get limits(): ProxyLimits {
    return this.#door.limits;
  }

  get keepsAlive(): boolean {
    return this.#keepsAlive && !this.#isRetiring;
  }

  get isRequestComplete(): boolean {
    return this.parts.reader.isBodyComplete;
  }

  writeText(text: string): boolean {
    return this.#output.writeText(text);
  }

  writeBytes(bytes: Buffer): boolean {
    return this.#output.writeBytes(bytes);
  }

  pauseReading(): void {
    this.wire.pause();
  }

  resumeReading(): void {
    this.wire.resume();
  }

  answer(answer: GateAnswer): void {
    this.#answer(answer, this.parts.exchange.requestId, this.parts.exchange.isHeadRequest);
  }

  finished(keepsAlive: boolean): void {
    this.#output.finish(keepsAlive);
  }

  written(keepsAlive: boolean): void {
    this.since = eventTime();
    this.hasServed = true;
    this.#output.reset();
    this.#fieldLines = '';
    const early = this.#early;
    if (!keepsAlive || this.#isRetiring || (this.halfClose.hasEnded && early === undefined)) {
      this.beginClosing();
      return;
    }
    this.phase = 'head';
    // A client that takes no responses gets no further request served.
    if (this.wire.writableNeedDrain) this.wire.pause();
    else this.#readOn();
  }

  /** Inside a read nothing is kept yet: the loop there goes on with what is left. */
  #readOn(): void {
    const early = this.#early;
    this.#early = undefined;
    if (this.wire.isPaused()) this.wire.resume();
    if (early !== undefined) this.#read(early);
  }

  canGoOn(): void {
    this.parts.exchange.clientDrained();
  }

  #drained(): void {
    if (this.#output.drained()) return;
    if (this.phase === 'exchange') this.canGoOn();
    else if (this.phase === 'head') this.#readOn();
  }

  breakOff(isDelimited: boolean): void {
    this.phase = 'closing';
    this.#output.breakOff();
    // A plain close would be a valid end of a body without a length.
    if (isDelimited) this.wire.destroy();
    else reset(this.wire);
  }

  handOver(): { readonly socket: Wire; readonly early: Buffer | undefined } {
    this.phase = 'gone';
    return { socket: this.wire.removeAllListeners(), early: this.#early };
  }

  tunnelEnded(): void {
    this.#door.connections.delete(this);
  }

  /** The listener closes: the request under way is answered, nothing after it. */
  retire(): void {
    this.#isRetiring = true;
    if (this.phase === 'head') this.beginClosing();
  }

  destroy(): void {
    this.wire.destroy();
  }

  tick(now: number): void {
    overdue(this, now);
  }

  #read(chunk: Buffer): void {
    if (this.phase === 'gone') return emitData(this.wire, chunk);
    if (this.phase === 'head' && !this.parts.reader.isBegun) this.since = eventTime();
    let start = 0;
    while (start < chunk.length && start >= 0) {
      if (this.phase === 'asking' || (this.phase === 'head' && this.wire.writableNeedDrain))
        return this.#keepEarly(chunk.subarray(start));
      if (this.phase === 'head') start = this.#readHead(chunk, start);
      else if (this.phase !== 'exchange') break;
      else if (this.parts.reader.isBodyComplete) return this.#keepEarly(chunk.subarray(start));
      else start = this.#readBody(chunk, start);
    }
  }

  /** Pipelined requests are served one after another. */
  #keepEarly(rest: Buffer): void {
    this.#early = this.#early === undefined ? Buffer.from(rest) : Buffer.concat([this.#early, rest]);
    this.wire.pause();
  }

  #readHead(chunk: Buffer, from: number): number {
    const { reader } = this.parts;
    const result = reader.readHead(chunk, from);
    if (result === -1) return chunk.length;
    if (result !== 0) return this.refuse(result);
    const { listener } = this.#door;
    if (listener === undefined) return this.beginClosing();
    const { end, head } = reader;
    this.#keepsAlive = head.keepsAlive;
    this.isHttp10 = head.isHttp10;
    this.#fieldLines = head.fields.kept;
    reader.beginBody(head.framing);
    const gate = listener.edge?.gate;
    if (gate === undefined) {
      this.phase = 'exchange';
      this.parts.exchange.begin(head, listener, this.#forwardedBy);
    } else this.#judge(gate, listener);
    return end;
  }

  #judge(gate: Gate, listener: ListenerState): void {
    const question = ++this.#question;
    this.phase = 'asking';
    this.since = eventTime();
    const { desk } = this.#context;
    judgeRequest(gate, this.#peer, this.parts.reader.head, desk, (outcome, isAtOnce) => {
      if (this.phase !== 'asking' || question !== this.#question) return;
      this.#letIn(outcome, listener);
      // Else finishing it has read on.
      if (!isAtOnce && this.parts.exchange.isActive) this.#readOn();
    });
  }

  #letIn(outcome: GateAnswer | Passage, listener: ListenerState): void {
    this.phase = 'exchange';
    const { head } = this.parts.reader;
    if (!isPassage(outcome)) {
      // No replica's: the listener's alone.
      listener.counts.requests++;
      listener.counts.hasChanged = true;
      const requestId = requestIdFor(head.fields.requestId);
      return this.#answer(outcome, requestId, head.method === 'HEAD');
    }
    this.parts.reader.countBody(outcome.maxBodyBytes);
    this.#output.filterBy(outcome.responseHeaders, filterTerms(head, outcome));
    const by = applyPassage(head, outcome, this.#forwardedBy);
    this.parts.exchange.begin(head, listener, by, outcome);
  }

  #readBody(chunk: Buffer, start: number): number {
    const end = this.parts.reader.readBody(chunk, start);
    if (end < 0) return this.breakRequest(-end);
    this.parts.exchange.requestBody(start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end));
    return end;
  }

  /** The request cannot go on: it is taken back, and the client told where it can still be. */
  breakRequest(status: number): -1 {
    const { isResponding } = this.parts.exchange;
    this.parts.exchange.abort();
    if (isResponding) this.breakOff(false);
    return isResponding ? -1 : this.refuse(status);
  }

  refuse(status: number): -1 {
    const { requestId, isHeadRequest } = this.parts.exchange;
    const isNamed = requestId !== '' && this.phase === 'exchange';
    const answer = refusal(status, refusalReasons[status] ?? 'the request was refused');
    const name = isNamed ? requestId : undefined;
    this.#say(answer, { requestId: name, isHeadRequest: isNamed && isHeadRequest, fieldLines: '' }, false);
    return this.beginClosing();
  }

  #answer(answer: GateAnswer, requestId: string, isHeadRequest: boolean): void {
    const keepsAlive = this.keepsAlive && this.isRequestComplete;
    this.#say(answer, { requestId, isHeadRequest, fieldLines: this.#fieldLines }, keepsAlive);
    this.written(keepsAlive);
  }

  #say(answer: GateAnswer, request: AnsweredRequest, keepsAlive: boolean): void {
    if (this.wire.writable) this.wire.write(formatAnswer(answer, request, keepsAlive));
  }

  beginClosing(): -1 {
    this.phase = 'closing';
    this.since = Date.now();
    this.parts.forgetHead();
    this.#early = undefined;
    this.wire.resume();
    this.wire.end();
    return -1;
  }

  #ended(): void {
    if (this.phase === 'exchange' || this.phase === 'asking') {
      if (this.parts.reader.isBodyComplete) this.halfClose.began(Date.now());
      else this.wire.destroy();
    } else if (this.phase === 'head') this.beginClosing();
  }

  #closed(): void {
    this.phase = 'gone';
    this.#output.reset();
    this.parts.abort();
    this.#door.connections.delete(this);
  }
}
