import type { EngineAddress } from './address.ts';

/** How this host reaches what runs in containers. */
export type Reach =
  /** It is on their networks: at their own addresses. */
  | { readonly kind: 'container' }
  /** It is not, because the engine runs in a virtual machine or elsewhere: at ports that the engine publishes. */
  | {
      readonly kind: 'published';
      /** Where the published ports are. */
      readonly host: string;
      /** What the engine binds them to; the empty string is every address. */
      readonly bindIp: string;
    };

const loopback = '127.0.0.1';
const ownNames = ['localhost', loopback, '[::1]'];

/** Only a Linux host has a leg in its own engine's networks; Docker Desktop keeps them in a virtual machine. */
export function reachOf({ options }: EngineAddress, platform: NodeJS.Platform): Reach {
  const host = options.host;
  if (host !== undefined && !ownNames.includes(host)) return { kind: 'published', host, bindIp: '' };
  return platform === 'linux'
    ? { kind: 'container' }
    : { kind: 'published', host: loopback, bindIp: loopback };
}
