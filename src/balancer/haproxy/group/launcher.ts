import { createHash, randomBytes } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeErrorFiles } from '../config/error-files.ts';
import { type ConfigPlaces, renderConfig, shapeOf } from '../config/render-config.ts';
import { checkConfiguration, type InstanceRecord, startInstance } from '../process/instance.ts';
import type { ServiceTable } from '../service-tables.ts';
import type { LiveInstance } from './live-instance.ts';
import { writeMaps } from './maps.ts';
import { wantedServers } from './wanted-servers.ts';

export interface LauncherOptions {
  /** Path of the haproxy program. */
  readonly binary: () => Promise<string>;
  readonly folder: string;
  /** Short enough for the path of a socket. */
  readonly socketFolder: string;
  readonly logPath: string;
}

type Previous = Pick<LiveInstance, 'record' | 'rows'>;

/** Writes configurations of one service and starts HAProxys with them; each has a number of its own. */
export class Launcher {
  readonly #options: LauncherOptions;
  readonly #folder: string;
  /** Names the service in the names of its sockets. */
  readonly digest: string;
  readonly #socketStem: string;
  readonly #cookieKey: string;
  readonly #service: string;
  #generation: number;
  /** The configuration that stands in the draft and was found valid. */
  #checked: string | undefined;

  constructor(
    key: string,
    options: LauncherOptions,
    record?: { readonly generation: number; readonly cookieKey: string },
  ) {
    this.#options = options;
    this.#service = key.slice(key.indexOf('/') + 1);
    this.#folder = join(options.folder, key.replaceAll(/[^\w.-]/g, '_'));
    this.digest = launcherDigest(key);
    this.#socketStem = join(options.socketFolder, this.digest);
    this.#generation = record?.generation ?? 0;
    this.#cookieKey = record?.cookieKey ?? randomBytes(16).toString('hex');
  }

  get record(): { readonly generation: number; readonly cookieKey: string } {
    return { generation: this.#generation, cookieKey: this.#cookieKey };
  }

  get places(): ConfigPlaces {
    return this.#placesOf(this.#generation);
  }

  #placesOf(generation: number): ConfigPlaces {
    return {
      socketPath: `${this.#socketStem}.${generation}.sock`,
      reasonsPath: join(this.#folder, 'reasons.map'),
      sharesPath: join(this.#folder, 'shares.map'),
      errorsFolder: join(this.#folder, 'errors'),
      cookieKey: this.#cookieKey,
    };
  }

  /** A number that another one has already. */
  skip(generation: number): void {
    this.#generation = Math.max(this.#generation, generation);
  }

  /** Throws `balancer-refused` when HAProxy does not take the configuration that the table needs; nothing is started. */
  async check(table: ServiceTable, previous: Previous | undefined): Promise<void> {
    const binary = await this.#options.binary();
    const places = this.#placesOf(this.#generation + 1);
    await mkdir(dirname(this.#options.logPath), { recursive: true, mode: 0o700 });
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await mkdir(this.#options.socketFolder, { recursive: true, mode: 0o700 });
    await writeErrorFiles(places.errorsFolder);
    await writeMaps(places, table.pools);
    const passing = new Set(
      previous?.rows.filter(({ status }) => status.startsWith('UP')).map(({ server }) => server),
    );
    // One that has to pass first is let in once it is told to be down, or was seen to pass by the one before.
    const servers = table.pools.flatMap(wantedServers).map((server) => ({
      ...server,
      takesRequests: server.takesRequests && (!server.mustPass || passing.has(server.name)),
    }));
    const text = renderConfig(table, servers, places);
    if (text === this.#checked) return;
    this.#checked = undefined;
    await writeFile(this.#draftPath, text, { mode: 0o600 });
    await checkConfiguration(binary, this.#draftPath, this.#service);
    this.#checked = text;
  }

  /** Starts an HAProxy for the table, which takes over the listening sockets of the one before, and what that knows of servers. */
  async start(table: ServiceTable, previous: Previous | undefined): Promise<InstanceRecord> {
    await this.check(table, previous);
    const binary = await this.#options.binary();
    this.#generation++;
    this.#checked = undefined;
    const { places } = this;
    const configPath = join(this.#folder, 'haproxy.cfg');
    await rename(this.#draftPath, configPath);
    const pid = await startInstance(
      {
        binary,
        configPath,
        socketPath: places.socketPath,
        previousSocketPath: previous?.record.socketPath,
        logPath: this.#options.logPath,
      },
      AbortSignal.timeout(20_000),
    );
    return {
      pid,
      socketPath: places.socketPath,
      shape: shapeOf(table),
      listeners: table.listeners.map(({ id, pool }) => ({ id, pool })),
    };
  }

  get #draftPath(): string {
    return join(this.#folder, 'haproxy.cfg.new');
  }

  async removeFiles(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

export function launcherDigest(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 12);
}
