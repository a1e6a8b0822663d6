/** An application that runs, three replicas behind one URL, in one of the ways in which people run it. */
export interface RunningSystem extends AsyncDisposable {
  readonly url: string;
  /** Moves it to the other release and resolves when the tool says that it is done. */
  change(release: string): Promise<void>;
}

/** A way of running and changing an application. */
export interface ChangedSystem {
  readonly name: string;
  /** What people type, for the table's legend. */
  readonly description: string;
  /** Why it cannot run here; undefined when it can. */
  missing(): Promise<string | undefined>;
  /** Starts release `1` in an empty folder of its own. */
  start(folder: string): Promise<RunningSystem>;
}

export const replicas = 3;
