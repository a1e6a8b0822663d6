import type { Service } from '../../../model/service.ts';
import type { Project } from '../../project.ts';
import { fault } from './edge-policy.ts';

/** Refuses keys that mean something only elsewhere. */
export function refuseMisplaced(services: readonly Service[], project: Project): void {
  const { defaults } = project.tenfold;
  if (defaults.routes !== undefined) {
    throw fault(project, ['x-tenfold', 'routes'], 'routes belong to a service', {
      expected: 'x-tenfold.routes under the service that they lead to',
    });
  }
  for (const { name, listeners } of services) {
    const own = project.tenfold.services[name] ?? {};
    const at = ['services', name, 'x-tenfold'];
    if (own.entrypoints !== undefined) {
      throw fault(project, [...at, 'entrypoints'], 'entrypoints belong to no one service', {
        expected: 'x-tenfold.entrypoints at the top of the file',
      });
    }
    const { edge } = own;
    const published = listeners.filter(({ exposure }) => exposure === 'published');
    if (edge === undefined) continue;
    if (published.length === 0) {
      throw fault(project, [...at, 'edge'], `the proxy holds no port of ${name}, so it has no edge`, {
        expected: 'a published TCP port, held by the proxy',
      });
    }
    const isTcp = published.every(({ protocol }) => protocol === 'tcp');
    const httpOnly = isTcp ? Object.keys(edge).find((key) => !tcpKeys.has(key)) : undefined;
    if (httpOnly !== undefined) {
      throw fault(
        project,
        [...at, 'edge', httpOnly],
        `${httpOnly} means nothing to what is carried as bytes`,
        {
          expected: [...tcpKeys].join(', '),
        },
      );
    }
  }
}

const tcpKeys = new Set(['tls', 'allow', 'deny', 'max_connections_per_ip', 'proxy_protocol']);
