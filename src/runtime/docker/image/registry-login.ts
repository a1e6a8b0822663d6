import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

interface ClientConfig {
  readonly auths?: Readonly<Record<string, { readonly auth?: string; readonly identitytoken?: string }>>;
  readonly credHelpers?: Readonly<Record<string, string>>;
  readonly credsStore?: string;
}

interface Login {
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
  readonly serveraddress: string;
}

/** Under this address `docker login` keeps what is for docker.io. */
const dockerHub = 'https://index.docker.io/v1/';

/**
 * What `docker login` stored for a registry, as the engine's `X-Registry-Auth` header takes it; undefined when there
 * is nothing, and then the engine asks without a login.
 */
export async function registryLogin(registry: string): Promise<string | undefined> {
  const config = clientConfig();
  const address = registry === 'docker.io' ? dockerHub : registry;
  const helper = config.credHelpers?.[registry] ?? config.credsStore;
  const login =
    (helper === undefined ? undefined : await fromHelper(helper, address)) ?? fromFile(config, address);
  return login === undefined ? undefined : Buffer.from(JSON.stringify(login)).toString('base64url');
}

function clientConfig(): ClientConfig {
  const folder = process.env['DOCKER_CONFIG'] || join(homedir(), '.docker');
  try {
    const config: ClientConfig = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
    return config;
  } catch {
    // Nobody has logged in here.
    return {};
  }
}

function fromFile(config: ClientConfig, address: string): Login | undefined {
  const entry = config.auths?.[address] ?? config.auths?.[`https://${address}`];
  if (entry === undefined) return undefined;
  const [username = '', ...password] = Buffer.from(entry.auth ?? '', 'base64')
    .toString('utf8')
    .split(':');
  const token = entry.identitytoken ? { identitytoken: entry.identitytoken } : {};
  if (username === '' && entry.identitytoken === undefined) return undefined;
  return { username, password: password.join(':'), ...token, serveraddress: address };
}

function fromHelper(helper: string, address: string): Promise<Login | undefined> {
  return new Promise((resolve) => {
    const child = execFile(`docker-credential-${helper}`, ['get'], { timeout: 10_000 }, (failure, output) => {
      if (failure) return resolve(undefined);
      try {
        const { Username, Secret }: { Username: string; Secret: string } = JSON.parse(output);
        const secret =
          Username === '<token>' ? { identitytoken: Secret } : { username: Username, password: Secret };
        resolve({ ...secret, serveraddress: address });
      } catch {
        // The helper said something that is no login: it has none.
        resolve(undefined);
      }
    });
    // A helper that could not be started has no stdin to take this; the callback above tells of it.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(address);
  });
}
