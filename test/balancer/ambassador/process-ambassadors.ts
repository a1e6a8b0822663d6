import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  AmbassadorHost,
  AmbassadorName,
  AmbassadorSpec,
} from '../../../src/balancer/ambassador/ambassador-host.ts';
import { TenfoldError } from '../../../src/shared/errors.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

const mainFile = join(import.meta.dirname, '../../../src/balancer/proxy/main.ts');

/** Runs ambassadors as processes of this machine: all that is real of them but the container. */
export class ProcessAmbassadors implements AmbassadorHost, AsyncDisposable {
  readonly #folder: Awaited<ReturnType<typeof temporaryFolder>>;
  readonly #running = new Map<string, ChildProcess>();
  readonly #specs = new Map<string, AmbassadorSpec>();
  /** What became of ambassadors, in order: `start app`, `announce app`. */
  readonly calls: string[] = [];
  /** Services whose ambassador cannot be started. */
  readonly refused = new Set<string>();
  /** Called when one is given its names. */
  onAnnounce: (service: string) => Promise<void> = () => Promise.resolve();

  constructor(folder: Awaited<ReturnType<typeof temporaryFolder>>) {
    this.#folder = folder;
  }

  static async open(): Promise<ProcessAmbassadors> {
    return new ProcessAmbassadors(await temporaryFolder());
  }

  async start(spec: AmbassadorSpec): Promise<void> {
    if (this.refused.has(spec.service)) throw new TenfoldError('runtime-failed', 'refused by the test');
    this.#specs.set(spec.service, spec);
    // Asked again while it is slow to answer.
    if (this.#running.has(spec.service)) return;
    this.calls.push(`start ${spec.service}`);
    await mkdir(join(this.#folder.path, spec.service), { recursive: true });
    const child = spawn(process.execPath, [mainFile, '--socket', this.socketPath(spec)], {
      env: { ...process.env, TENFOLD_PROXY_WORKERS: '1', NODE_TEST_CONTEXT: undefined },
      stdio: 'ignore',
    });
    this.#running.set(spec.service, child);
    child.once('exit', () => {
      if (this.#running.get(spec.service) === child) this.#running.delete(spec.service);
    });
  }

  async announce({ service }: AmbassadorSpec): Promise<void> {
    await this.onAnnounce(service);
    this.calls.push(`announce ${service}`);
  }

  async remove({ service }: AmbassadorName): Promise<void> {
    this.calls.push(`remove ${service}`);
    this.#specs.delete(service);
    await this.kill(service);
  }

  list(): Promise<readonly AmbassadorSpec[]> {
    return Promise.resolve([...this.#specs.values()]);
  }

  socketPath({ service }: AmbassadorName): string {
    return join(this.#folder.path, service, 'control.sock');
  }

  pid(service: string): number | undefined {
    return this.#running.get(service)?.pid;
  }

  /** Ends one at once, and waits for that. */
  async kill(service: string): Promise<void> {
    const child = this.#running.get(service);
    if (child === undefined) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const service of this.#running.keys()) await this.kill(service);
    await this.#folder[Symbol.asyncDispose]();
  }
}
