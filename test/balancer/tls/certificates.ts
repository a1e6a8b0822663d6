import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

export interface TestCertificate {
  readonly certificate: string;
  readonly key: string;
}

/** A self-signed certificate for the names, as two files in the folder. */
export function makeCertificate(folder: string, file: string, names: readonly string[]): TestCertificate {
  const certificate = join(folder, `${file}.pem`);
  const key = join(folder, `${file}.key`);
  const alternatives = names.map((name) => `DNS:${name}`).join(',');
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const subject = ['-subj', `/CN=${names[0] ?? 'nobody'}`, '-addext', `subjectAltName=${alternatives}`];
  execFileSync(
    'openssl',
    ['req', '-x509', ...curve, '-keyout', key, '-out', certificate, '-days', '2', ...subject],
    { stdio: 'ignore' },
  );
  return { certificate, key };
}
