import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReplicaStatus, ServiceStatus } from '../../src/daemon/control-api.ts';
import { eventually } from '../helpers/eventually.ts';
import { describeLoad, type LoadResult } from '../helpers/load-result.ts';
import { type Load, openLoop } from '../helpers/open-loop.ts';
import { skipWithout } from '../helpers/parts.ts';
import { freePort } from '../helpers/free-port.ts';
import type { TestHome } from '../helpers/tenfold.ts';
import { nodeImage } from '../helpers/docker/test-image.ts';
import { type LoggedRequest, readRequestLog } from '../fixtures/replicas/request-log.ts';

const fixturesDir = join(import.meta.dirname, '../fixtures/replicas');

export type ScenarioRuntime = 'process' | 'docker';

/** Runtimes that a scenario is run on, with the reason why it cannot be here. */
export const scenarioRuntimes: readonly { runtime: ScenarioRuntime; skip: string | false }[] = [
  { runtime: 'process', skip: false },
  { runtime: 'docker', skip: await skipWithout('docker') },
];

export interface WebStackOptions {
  readonly runtime: ScenarioRuntime;
  readonly replicas: number;
  /** On top of the fixture's defaults; see http-replica.mjs. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Compose keys of the service, over those made here. */
  readonly service?: Readonly<Record<string, unknown>>;
}

/** A stack of one service `web` that runs the fixture, written to the home's project folder and not started yet. */
export interface WebStack {
  readonly name: string;
  readonly url: string;
  readonly port: number;
  /** Writes the file anew with other environment, which is another revision. */
  rewrite(environment: Readonly<Record<string, string>>): Promise<void>;
  service(): Promise<ServiceStatus>;
  replica(instance: string): Promise<ReplicaStatus>;
  /** Pids of all replicas that run, by instance. */
  pids(): Promise<Record<string, number>>;
  /** Waits until exactly these many replicas are in rotation and none other is left. */
  settled(count: number): Promise<void>;
  /** The load that all changes have to stand: 200 requests/s unless given, one in four a POST, half on fresh connections. */
  load(ratePerSecond?: number): Load;
  requestLog(): Promise<LoggedRequest[]>;
}

let stacks = 0;

export async function writeWebStack(home: TestHome, options: WebStackOptions): Promise<WebStack> {
  const { runtime, replicas, environment = {}, service = {} } = options;
  const name = `scenario-${process.pid}-${(stacks += 1)}`;
  const port = await freePort();
  const logDir = join(home.projectDir, 'requests');
  await mkdir(logDir);
  const web = {
    ...(runtime === 'docker' ? await container(logDir) : localProcess(logDir)),
    ports: [`127.0.0.1:${port}:80`],
    stop_grace_period: '1s',
    deploy: { replicas },
    ...service,
  };
  const rewrite = async (changed: Readonly<Record<string, string>>): Promise<void> => {
    const variables = { ...web.environment, ...changed };
    const file = { name, services: { web: { ...web, environment: variables } } };
    await home.write('compose.yaml', JSON.stringify(file, undefined, 2));
  };
  await rewrite(environment);
  const url = `http://127.0.0.1:${port}/`;

  const webService = async (): Promise<ServiceStatus> => {
    const found = (await home.status(name)).services.find((each) => each.name === 'web');
    assert.ok(found, 'the stack has a service web');
    return found;
  };
  return {
    name,
    url,
    port,
    rewrite,
    service: webService,
    async replica(instance) {
      const found = (await webService()).replicas.find((each) => each.instance === instance);
      assert.ok(found, `${instance} is there`);
      return found;
    },
    async pids() {
      const running = (await webService()).replicas.filter(({ pid }) => pid !== undefined);
      return Object.fromEntries(running.map(({ instance, pid }) => [instance, pid ?? 0]));
    },
    settled: (count) =>
      eventually(async () => {
        const { replicas: present } = await webService();
        const states = present.map(({ instance, state }) => `${instance} ${state}`).join(', ');
        assert.equal(present.length, count, states);
        assert.ok(
          present.every(({ state }) => state === 'in rotation'),
          states,
        );
      }),
    load: (ratePerSecond = 200) => openLoop({ urls: [url], ratePerSecond }),
    requestLog: () => readRequestLog(logDir),
  };
}

function localProcess(logDir: string): { command: string[]; environment: Record<string, string> } {
  return {
    command: [process.execPath, join(fixturesDir, 'http-replica.mjs')],
    environment: { HOST: '127.0.0.1', REQUEST_LOG_DIR: logDir },
  };
}

async function container(logDir: string): Promise<{
  image: string;
  environment: Record<string, string>;
  volumes: string[];
}> {
  return {
    image: await nodeImage(),
    environment: { REQUEST_LOG_DIR: '/requests' },
    volumes: [`${logDir}:/requests`],
  };
}

export function assertNothingFailed(result: LoadResult): void {
  assert.equal(result.failed.length, 0, describeLoad(result));
  assert.ok(result.sent > 0, 'the load was running');
}
