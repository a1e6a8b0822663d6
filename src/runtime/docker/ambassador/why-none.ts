import { isTenfoldError } from '../../../shared/errors.ts';
import { engineAddress } from '../engine/address.ts';
import { reachOf } from '../engine/reach.ts';

/**
 * Why ambassadors cannot stand between containers of this engine; undefined when they can. They are spoken to over a socket
 * in a folder that their containers mount, and run this machine's own Node.
 */
export function whyNoAmbassadors(
  environment: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform,
): string | undefined {
  try {
    const address = engineAddress(undefined, environment);
    if (address.options.socketPath !== undefined && reachOf(address, platform).kind === 'container')
      return undefined;
    return `ambassadors need an engine on this machine, on Linux; this one is ${address.label}`;
  } catch (thrown) {
    // Whoever asks the engine says what is wrong with its address.
    if (isTenfoldError(thrown)) return thrown.message;
    throw thrown;
  }
}
