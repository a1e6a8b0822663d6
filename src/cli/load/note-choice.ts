import type { LoadTarget } from '../../load/target/load-target.ts';
import type { Invocation } from '../invocation.ts';

/** Says by which route a service is loaded that has no port of its own. `path` undefined: a scenario says what is asked for. */
export function noteChoice(
  { output }: Invocation,
  service: string,
  { choice }: LoadTarget,
  path: string | undefined,
): void {
  if (choice === undefined) return;
  const asked = path === undefined ? '' : `, path ${path}`;
  output.note(output.errorStyle.dim(`${service} is loaded by ${choice}${asked}`));
}
