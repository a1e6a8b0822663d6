import { parseTargetUrl, serviceTarget, urlTarget, type LoadTarget } from '../../load/target/load-target.ts';
import { withDaemon, type Invocation } from '../invocation.ts';
import { stackName } from '../project.ts';
import { requireServices } from '../scale-values.ts';

/**
 * Where a URL or the name of a service leads. Throws `foreign-target`, `no-listener`, `unknown-service` or
 * `unknown-stack`.
 */
export async function findTarget(
  invocation: Invocation,
  text: string,
  isVouchedFor: boolean,
): Promise<LoadTarget> {
  const url = parseTargetUrl(text);
  if (url === undefined) return findService(invocation, text);
  const stacks = isVouchedFor ? [] : await withDaemon(invocation, ({ client }) => client.stacks());
  return urlTarget(url, { stacks, isVouchedFor });
}

async function findService(invocation: Invocation, service: string): Promise<LoadTarget> {
  const name = await stackName(invocation);
  const stack = await withDaemon(invocation, ({ client }) => client.stack(name));
  requireServices(
    name,
    [service],
    stack.services.map((each) => each.name),
  );
  return serviceTarget(stack, service);
}
