import { access, constants } from 'node:fs/promises';
import type { RoutingTable } from '../../balancer-driver.ts';
import { TenfoldError } from '../../../shared/errors.ts';

/** Makes sure that the files which the listeners name can be read. Throws `file-not-found` or `file-unreadable`. */
export async function checkEdges({ listeners }: RoutingTable): Promise<void> {
  const files = listeners.flatMap(({ edge, routes = [] }) => [
    ...(edge?.tls?.certificates ?? []).flatMap(({ certificate, key }) => [certificate, key]),
    ...[edge?.basicAuth, ...routes.map(({ basicAuth }) => basicAuth)].flatMap((auth) =>
      auth !== undefined && 'file' in auth.users ? [auth.users.file] : [],
    ),
  ]);
  for (const file of new Set(files)) {
    try {
      await access(file, constants.R_OK);
    } catch (thrown) {
      const isMissing = thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';
      throw new TenfoldError(
        isMissing ? 'file-not-found' : 'file-unreadable',
        `${file}, which a listener needs, ${isMissing ? 'does not exist' : 'cannot be read'}`,
        { cause: thrown },
      );
    }
  }
}
