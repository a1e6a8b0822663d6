import type { Route } from '../../../model/routing.ts';
import type { Keys } from './edge-policy.ts';

/** A route, and where it stands among those of others. */
export interface PlacedRoute {
  readonly service: string;
  readonly route: Route;
  /** Names; undefined: every entrypoint. */
  readonly entrypoints: readonly string[] | undefined;
  /** The published listener of this port instead. */
  readonly listenerPort: number | undefined;
  /** Higher comes first; without a word of its own, the length of what it demands. */
  readonly priority: number;
  /** Instead of `route` where the client comes by TLS: undefined, the same. */
  readonly tlsRoute: Route | undefined;
  /** It asks for TLS. */
  readonly needsTls: boolean;
  /** Where it stands in the file. */
  readonly keys: Keys;
}

/** In order of precedence; equals by name, so that the order never depends on that of the file. */
export function byPrecedence(one: PlacedRoute, other: PlacedRoute): number {
  return (
    other.priority - one.priority ||
    Number(one.route.id > other.route.id) - Number(one.route.id < other.route.id)
  );
}
