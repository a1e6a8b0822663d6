import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { DockerOptions } from 'dockerode';
import { TenfoldError, messageOf } from '../../../shared/errors.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface EngineAddress {
  /** As it is shown to people: `unix:///var/run/docker.sock`. */
  readonly label: string;
  /** Where the label came from: `DOCKER_HOST`, `docker context desktop`. */
  readonly source: string;
  readonly options: DockerOptions;
}

const defaultHost = 'unix:///var/run/docker.sock';

/**
 * Finds the engine as the docker command does: the host given, `DOCKER_HOST`, the context named by `DOCKER_CONTEXT`
 * or chosen in `config.json`, else the default socket. Throws `runtime-unreachable` for an address
 * that cannot be one.
 */
export function engineAddress(host: string | undefined, environment: Environment): EngineAddress {
  if (host !== undefined) return addressOf(host, 'the configuration', environment);
  const fromEnvironment = environment['DOCKER_HOST'];
  if (fromEnvironment) return addressOf(fromEnvironment, 'DOCKER_HOST', environment);
  const context = environment['DOCKER_CONTEXT'] || chosenContext(environment);
  const contextHost = context && context !== 'default' ? hostOfContext(context, environment) : undefined;
  if (contextHost !== undefined) return addressOf(contextHost, `docker context ${context}`, environment);
  return addressOf(defaultHost, 'the default', environment);
}

function addressOf(host: string, source: string, environment: Environment): EngineAddress {
  const text = host.includes('://') ? host : `tcp://${host}`;
  if (text.startsWith('unix://') || text.startsWith('npipe://')) {
    const socketPath = text.slice(text.indexOf('://') + 3) || defaultHost.slice('unix://'.length);
    // Named as undefined, because the client library would else take them from DOCKER_HOST.
    return {
      label: text,
      source,
      options: { socketPath, host: undefined, port: undefined, protocol: 'http' },
    };
  }
  let url: URL;
  try {
    url = new URL(text);
  } catch (thrown) {
    throw invalidAddress(host, source, thrown);
  }
  switch (url.protocol) {
    case 'ssh:': {
      const agent = environment['SSH_AUTH_SOCK'];
      const options: DockerOptions = {
        protocol: 'ssh',
        host: url.hostname,
        port: url.port || 22,
        ...(url.username ? { username: url.username } : {}),
        ...(agent ? { sshOptions: { agent } } : {}),
      };
      return { label: text, source, options };
    }
    case 'tcp:':
    case 'http:':
    case 'https:': {
      const isSecure = url.protocol === 'https:' || Boolean(environment['DOCKER_TLS_VERIFY']);
      const options: DockerOptions = {
        protocol: isSecure ? 'https' : 'http',
        host: url.hostname,
        port: url.port || (isSecure ? 2376 : 2375),
        ...(isSecure ? certificates(environment) : {}),
      };
      return { label: text, source, options };
    }
    default:
      throw invalidAddress(host, source, undefined);
  }
}

function invalidAddress(host: string, source: string, cause: unknown): TenfoldError {
  return new TenfoldError(
    'runtime-unreachable',
    `the Docker engine address from ${source} is not an address`,
    {
      expected: 'unix:///path, tcp://host:port or ssh://user@host',
      got: host,
      hint: 'correct DOCKER_HOST, or unset it to use the default socket',
      cause,
    },
  );
}

function configFolder(environment: Environment): string {
  return environment['DOCKER_CONFIG'] || join(environment['HOME'] || homedir(), '.docker');
}

function certificates(environment: Environment): DockerOptions {
  const folder = environment['DOCKER_CERT_PATH'] || configFolder(environment);
  try {
    const read = (name: string): Buffer => readFileSync(join(folder, name));
    return { ca: read('ca.pem'), cert: read('cert.pem'), key: read('key.pem') };
  } catch (thrown) {
    throw new TenfoldError(
      'runtime-unreachable',
      `the Docker engine's TLS files cannot be read: ${messageOf(thrown)}`,
      {
        hint: 'set DOCKER_CERT_PATH to the folder that holds ca.pem, cert.pem and key.pem',
        cause: thrown,
      },
    );
  }
}

interface ConfigFile {
  readonly currentContext?: string;
}

interface ContextFile {
  readonly Endpoints?: { readonly docker?: { readonly Host?: string } };
}

function readJson(file: string): ContextFile & ConfigFile {
  try {
    const content: ContextFile & ConfigFile = JSON.parse(readFileSync(file, 'utf8'));
    return content;
  } catch {
    // No such file, or one that docker itself would complain about: the default engine is used then.
    return {};
  }
}

function chosenContext(environment: Environment): string | undefined {
  return readJson(join(configFolder(environment), 'config.json')).currentContext || undefined;
}

function hostOfContext(name: string, environment: Environment): string | undefined {
  const folder = createHash('sha256').update(name).digest('hex');
  const file = join(configFolder(environment), 'contexts/meta', folder, 'meta.json');
  const host = readJson(file).Endpoints?.docker?.Host;
  if (host === undefined) {
    throw new TenfoldError('runtime-unreachable', `the docker context ${name} does not exist`, {
      expected: `a description in ${file}`,
      hint: 'docker context ls shows the contexts there are; docker context use default goes back',
    });
  }
  return host;
}
