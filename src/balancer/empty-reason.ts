/** What of a pool says why nothing in it can be asked. */
interface EmptyPool {
  readonly service: string;
  /** As the table has it, for a pool without endpoints. */
  readonly emptyReason: string;
}

/** Why nothing in a pool can be asked, for a person; of each of its endpoints, whether it is draining. */
export function whyNobody({ service, emptyReason }: EmptyPool, draining: readonly boolean[]): string {
  if (draining.includes(false)) return `no replica of ${service} passes its check`;
  if (draining.length > 0) return `every replica of ${service} is draining`;
  return emptyReason === '' ? `no replica of ${service} is in rotation` : emptyReason;
}
