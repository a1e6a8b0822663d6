/** Where a replica answers on one of its target ports. */
export interface Endpoint {
  /** Port named in the compose file. */
  readonly target: number;
  readonly host: string;
  readonly port: number;
}
