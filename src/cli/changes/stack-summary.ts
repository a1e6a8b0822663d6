import type { StackStatus } from '../../daemon/control-api.ts';
import type { Invocation } from '../invocation.ts';
import { renderOutages } from '../render/render-replicas.ts';
import { renderServices } from '../render/render-services.ts';

/** The table after `up`. */
export function printStackStatus({ output }: Invocation, status: StackStatus): void {
  if (output.isJson) return output.json({ type: 'status', status });
  const { style, width } = output;
  output.lines(renderOutages(status, style));
  output.lines(renderServices(status.services, { style, width }));
}
