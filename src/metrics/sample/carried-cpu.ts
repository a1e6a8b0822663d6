/** Processor time that only grows: what a process used that ended unreaped goes missing from one look to the next. */
export class CarriedCpu {
  readonly #runs = new Map<string, { lost: number; last: number }>();

  /** `run` names one run of one replica. */
  add(run: string, cpuSeconds: number): number {
    const known = this.#runs.get(run);
    if (known === undefined) {
      this.#runs.set(run, { lost: 0, last: cpuSeconds });
      return cpuSeconds;
    }
    if (cpuSeconds < known.last) known.lost += known.last - cpuSeconds;
    known.last = cpuSeconds;
    return known.lost + cpuSeconds;
  }

  keepOnly(runs: ReadonlySet<string>): void {
    for (const run of this.#runs.keys()) if (!runs.has(run)) this.#runs.delete(run);
  }
}
