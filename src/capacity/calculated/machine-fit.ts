export interface Machine {
  readonly cores: number;
  readonly memoryBytes: number;
}

/** What one instance takes. */
export interface InstanceNeeds {
  readonly cores: number | undefined;
  readonly memoryBytes: number | undefined;
}

export interface ResourceFit {
  readonly resource: 'cpu' | 'memory';
  /** Cores, or bytes. */
  readonly needed: number;
  readonly available: number;
  /** Instances that this machine has room for by this resource. */
  readonly roomFor: number;
  readonly isEnough: boolean;
}

/** What instances take against what the machine has; only of what was said. */
export function fitOnMachine(instances: number, needs: InstanceNeeds, machine: Machine): ResourceFit[] {
  const fits: ResourceFit[] = [];
  const add = (resource: ResourceFit['resource'], each: number | undefined, available: number): void => {
    if (each === undefined || each <= 0) return;
    const needed = instances * each;
    fits.push({
      resource,
      needed,
      available,
      roomFor: Math.floor(available / each + 1e-9),
      isEnough: needed <= available,
    });
  };
  add('cpu', needs.cores, machine.cores);
  add('memory', needs.memoryBytes, machine.memoryBytes);
  return fits;
}
