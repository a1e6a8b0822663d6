import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type {
  AccessRule,
  BasicAuth,
  CertificateFiles,
  ClientLimits,
  CompressionPolicy,
  EdgePolicy,
  RateLimit,
  TlsPolicy,
} from '../../../model/edge.ts';
import { TenfoldError } from '../../../shared/errors.ts';
import { parseHtpasswd } from '../../../shared/htpasswd.ts';
import type { Project } from '../../project.ts';
import type { BasicAuthConfig, EdgeConfig, RateLimitConfig } from '../../schema/tenfold/edge.ts';
import { milliseconds } from '../balancing.ts';
import { parseRateLimit } from './rate-limit.ts';

export type Keys = readonly (string | number)[];

const defaultTypes = [
  'text/*',
  'application/json',
  'application/javascript',
  'application/xml',
  'application/manifest+json',
  'application/problem+json',
  'application/xhtml+xml',
  'application/rss+xml',
  'application/wasm',
  'image/svg+xml',
];

/** Resolves what a file says of an edge; `keys` is where it stands. Throws `invalid-compose` for what contradicts itself. */
export function edgePolicy(edge: EdgeConfig, keys: Keys, project: Project): EdgePolicy {
  const tls = edge.tls && tlsPolicy(edge.tls, [...keys, 'tls'], project);
  const redirect = redirectPort(edge.redirect_to_https);
  if (redirect !== undefined && tls !== undefined) {
    throw fault(project, [...keys, 'redirect_to_https'], 'what is served by TLS cannot redirect to it', {
      expected: 'either tls or redirect_to_https',
    });
  }
  return {
    tls,
    redirectToHttpsPort: redirect,
    access: accessRules(edge),
    basicAuth: edge.basic_auth && basicAuth(edge.basic_auth, [...keys, 'basic_auth'], project),
    rateLimit: edge.rate_limit && rateLimit(edge.rate_limit),
    limits: clientLimits(edge),
    proxyProtocolFrom: edge.proxy_protocol ?? [],
    trustedProxies: edge.trusted_proxies,
    compression: compression(edge.compress),
  };
}

export function fault(
  project: Project,
  keys: Keys,
  message: string,
  details: { readonly expected?: string; readonly got?: string; readonly hint?: string } = {},
): TenfoldError {
  return new TenfoldError('invalid-compose', message, { where: project.locate(...keys), ...details });
}

function redirectPort(value: EdgeConfig['redirect_to_https']): number | undefined {
  if (value === true) return 443;
  return typeof value === 'number' ? value : undefined;
}

/** Those with a path first: a rule for everything would decide for them too. */
export function accessRules({
  access = [],
  allow,
  deny,
}: Pick<EdgeConfig, 'access' | 'allow' | 'deny'>): AccessRule[] {
  const rules = access.map((rule) => ({ path: rule.path ?? '/', allow: rule.allow, deny: rule.deny ?? [] }));
  if (allow !== undefined || deny !== undefined) rules.push({ path: '/', allow, deny: deny ?? [] });
  return rules;
}

export function rateLimit({ limit = '', key = 'ip' }: RateLimitConfig): RateLimit {
  const rate = parseRateLimit(limit);
  // The schema has judged it.
  if ('problem' in rate) throw new Error(rate.problem);
  if (key === 'ip' || key === 'route') return { key: { kind: key }, ...rate };
  return { key: { kind: 'header', name: key.slice('header:'.length).toLowerCase() }, ...rate };
}

export function basicAuth(config: BasicAuthConfig, keys: Keys, project: Project): BasicAuth {
  const file = resolve(project.workingDir, config.file ?? '');
  const content = readText(file, keys, project);
  try {
    parseHtpasswd(content.split('\n'));
  } catch (thrown) {
    throw fault(project, keys, `${file}: ${thrown instanceof Error ? thrown.message : String(thrown)}`, {
      expected: 'lines of user:hash with a bcrypt, apr1 or {SHA} hash',
      hint: 'write them with `htpasswd -B`',
    });
  }
  return {
    realm: config.realm ?? 'restricted',
    path: config.path ?? '/',
    users: { file },
    keepsHeader: config.remove_header !== true,
  };
}

function tlsPolicy(config: NonNullable<EdgeConfig['tls']>, keys: Keys, project: Project): TlsPolicy {
  const certificates = (config.certificates ?? []).map((pair, index): CertificateFiles => {
    const at = [...keys, 'certificates', index];
    const files = {
      certificate: resolve(project.workingDir, pair.cert ?? ''),
      key: resolve(project.workingDir, pair.key ?? ''),
    };
    checkPair(files, at, project);
    return files;
  });
  if (certificates.length === 0)
    throw fault(project, keys, 'tls needs a certificate', { expected: 'certificates' });
  return {
    certificates,
    minVersion: config.min_version === '1.3' ? 'TLSv1.3' : 'TLSv1.2',
    offersHttp2: config.http2 ?? true,
  };
}

function checkPair(files: CertificateFiles, keys: Keys, project: Project): void {
  const certificateText = readText(files.certificate, [...keys, 'cert'], project);
  const keyText = readText(files.key, [...keys, 'key'], project);
  let belongs = false;
  try {
    belongs = new X509Certificate(certificateText).checkPrivateKey(createPrivateKey(keyText));
  } catch {
    throw fault(project, keys, `${files.certificate} and ${files.key} are no certificate and its key`, {
      expected: 'PEM files, the key without a passphrase',
    });
  }
  if (!belongs) throw fault(project, keys, `${files.key} is not the key of ${files.certificate}`);
}

export function readText(file: string, keys: Keys, project: Project): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (thrown) {
    const isMissing = thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';
    throw new TenfoldError(
      isMissing ? 'file-not-found' : 'file-unreadable',
      isMissing ? `${file} does not exist` : `${file} cannot be read`,
      { where: project.locate(...keys), cause: thrown },
    );
  }
}

function bytesOf(size: string | undefined): number | undefined {
  return size === undefined ? undefined : Number(size);
}

function clientLimits(edge: EdgeConfig): ClientLimits {
  const time = (value: string | undefined): number | undefined =>
    value === undefined ? undefined : milliseconds(value, 0);
  return {
    maxHeaderBytes: bytesOf(edge.max_header),
    maxBodyBytes: bytesOf(edge.max_body),
    maxConnectionsPerIp: edge.max_connections_per_ip,
    headTimeoutMs: time(edge.head_timeout),
    bodyTimeoutMs: time(edge.body_timeout),
    sendTimeoutMs: time(edge.send_timeout),
    keepAliveMs: time(edge.keep_alive),
    minBytesPerSecond: bytesOf(edge.min_rate),
  };
}

function compression(config: EdgeConfig['compress']): CompressionPolicy | undefined {
  if (config === undefined || config === false) return undefined;
  const { encodings, min_size: minSize, types } = config === true ? {} : config;
  return {
    encodings: (encodings ?? ['br', 'gzip']).filter((name) => name === 'br' || name === 'gzip'),
    minBytes: bytesOf(minSize) ?? 1024,
    types: types ?? defaultTypes,
  };
}
