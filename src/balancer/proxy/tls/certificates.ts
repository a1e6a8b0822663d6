import { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { TlsPolicy } from '../../../model/edge.ts';

interface Certificate {
  readonly context: SecureContext;
  /** Lower case; a wildcard as `*.example.com`. */
  readonly names: readonly string[];
}

/** Forward secrecy and authenticated encryption only; TLS 1.3 brings its own (RFC 9325 section 4.2). */
const ciphers = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/** The certificates of one listener, by the names that they are for. */
export class Certificates {
  readonly #certificates: readonly Certificate[];

  private constructor(certificates: readonly Certificate[]) {
    this.#certificates = certificates;
  }

  /** `pems` are certificate and key in turns. Throws what OpenSSL says where a pair is none. */
  static read(policy: TlsPolicy, pems: readonly string[]): Certificates {
    const { minVersion } = policy;
    return new Certificates(
      policy.certificates.map((_, index) => {
        const cert = pems[index * 2] ?? '';
        const key = pems[index * 2 + 1] ?? '';
        const context = createSecureContext({ cert, key, minVersion, ciphers, honorCipherOrder: true });
        return { context, names: namesOf(new X509Certificate(cert)) };
      }),
    );
  }

  /** The one for the host: by its own name, by a wildcard, else the first. */
  contextFor(serverName: string): SecureContext | undefined {
    const name = serverName.toLowerCase();
    const dot = name.indexOf('.');
    const wildcard = dot < 0 ? name : `*${name.slice(dot)}`;
    const find = (wanted: string) => this.#certificates.find(({ names }) => names.includes(wanted));
    return (find(name) ?? find(wildcard) ?? this.#certificates[0])?.context;
  }
}

function namesOf(certificate: X509Certificate): string[] {
  const alternatives = [...(certificate.subjectAltName ?? '').matchAll(/DNS:([^,\s"]+)/g)].map(
    (match) => match[1],
  );
  const common = /(?:^|\n)CN=([^\n]+)/.exec(certificate.subject)?.[1];
  const names = alternatives.length > 0 ? alternatives : [common];
  return names.flatMap((name) => name?.toLowerCase() ?? []);
}
