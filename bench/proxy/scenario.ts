export const mebibyte = 1_048_576;

/** What is asked of every system. */
export interface Scenario {
  readonly name: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Bytes of request body. */
  readonly uploadBytes: number;
  /** Replicas behind each system. */
  readonly endpoints: number;
  /** Connections of the client when none are asked for. */
  readonly connections: number;
}

const small = { method: 'GET', path: '/', uploadBytes: 0, endpoints: 3, connections: 64 } as const;

/** All but `idle`, which measures memory and has its own way. */
export const scenarios: readonly Scenario[] = [
  { ...small, name: 'small' },
  { ...small, name: 'large', path: '/large', connections: 16 },
  { ...small, name: 'upload', method: 'POST', path: '/upload', uploadBytes: mebibyte, connections: 16 },
  { ...small, name: 'endpoints-30', endpoints: 30 },
  { ...small, name: 'endpoints-300', endpoints: 300 },
];

export const scenarioNames: readonly string[] = [...scenarios.map(({ name }) => name), 'idle'];
