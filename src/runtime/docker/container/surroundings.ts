import type { Reach } from '../engine/reach.ts';

/** What a container's description needs to know of the engine and of other containers. */
export interface Surroundings {
  readonly apiMinor: number;
  readonly reach: Reach;
  readonly imageId: string;
  /** `network_mode`, `ipc` and `pid` with `service:NAME` resolved to `container:ID`; undefined when not set. */
  readonly networkMode: string | undefined;
  readonly ipcMode: string | undefined;
  readonly pidMode: string | undefined;
  /** `CONTAINER` or `CONTAINER:ro`. */
  readonly volumesFrom: readonly string[];
  /** `CONTAINER:ALIAS`. */
  readonly links: readonly string[];
}
