import type { Socket } from 'node:net';
import type { TLSSocketOptions } from 'node:tls';
import type { TlsPolicy } from '../../../model/edge.ts';
import { WatchedFiles } from '../edge/watched-file.ts';
import { Certificates } from './certificates.ts';
import { SecuredSocket } from './secured-socket.ts';

/** Speaks TLS on connections that were accepted elsewhere. New certificates hold for the handshakes after them. */
export class TlsTerminator {
  readonly policy: TlsPolicy;
  readonly #files: WatchedFiles<Certificates>;
  #certificates: Certificates | undefined;

  constructor(policy: TlsPolicy) {
    this.policy = policy;
    this.#files = new WatchedFiles(
      policy.certificates.flatMap(({ certificate, key }) => [certificate, key]),
      (pems) => Certificates.read(policy, pems),
      (certificates) => (this.#certificates = certificates),
    );
    this.#files.readNow();
  }

  async look(): Promise<void> {
    await this.#files.look();
  }

  /** The socket as one that speaks TLS: it emits `secure` after the handshake. Undefined: no certificate could be read. */
  secure(socket: Socket, offersHttp2: boolean): SecuredSocket | undefined {
    const certificates = this.#certificates;
    const secureContext = certificates?.contextFor('');
    if (certificates === undefined || secureContext === undefined) return undefined;
    const options: TLSSocketOptions = {
      isServer: true,
      secureContext,
      ALPNProtocols: offersHttp2 && this.policy.offersHttp2 ? ['h2', 'http/1.1'] : ['http/1.1'],
      SNICallback: (name, done) => done(null, certificates.contextFor(name)),
    };
    const secured = new SecuredSocket(socket, options);
    // As Node's own TLS server does: HTTP/2 waits for a handshake that is over as long as this says that it is not.
    secured.once('secure', () => Object.assign(secured, { secureConnecting: false }));
    return secured;
  }
}
