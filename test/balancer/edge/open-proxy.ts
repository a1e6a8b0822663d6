import { join } from 'node:path';
import {
  createProxyDriver,
  type ProxyDriver,
  type ProxyDriverOptions,
} from '../../../src/balancer/proxy/proxy-driver.ts';
import { never } from '../../contracts/balancer/harness.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';

/** A proxy in a folder of its own, which ends with it. */
export interface OpenProxy extends AsyncDisposable {
  readonly driver: ProxyDriver;
  readonly folder: string;
  readonly logPath: string;
}

export async function openProxy(
  options: Omit<ProxyDriverOptions, 'socketPath' | 'logPath'>,
): Promise<OpenProxy> {
  const folder = await temporaryFolder();
  const logPath = join(folder.path, 'proxy.log');
  const driver = createProxyDriver({ socketPath: join(folder.path, 'proxy.sock'), logPath, ...options });
  return {
    driver,
    folder: folder.path,
    logPath,
    [Symbol.asyncDispose]: async () => {
      await driver.shutdown(0, never);
      await driver[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}
