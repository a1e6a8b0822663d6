import type { BalancerFigures } from '../../balancer/balancer-driver.ts';

/** The text of nginx's `stub_status` module, which many monitors read. Every accepted connection is handled here. */
export function formatStubStatus(
  { accepted, reading, writing, waiting }: BalancerFigures,
  requests: number,
): string {
  return `Active connections: ${reading + writing + waiting} \nserver accepts handled requests\n ${accepted} ${accepted} ${requests} \nReading: ${reading} Writing: ${writing} Waiting: ${waiting} \n`;
}
