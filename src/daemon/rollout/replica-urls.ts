import type { SmokeSubject } from '../../controller/execute/smoke-tester.ts';

/** Where the replicas answer on the service's first balanced port, the first of them first. */
export function replicaUrls({ service, replicas }: SmokeSubject): readonly string[] {
  const target = service.listeners[0]?.target;
  return [...replicas]
    .sort((a, b) => a.index - b.index)
    .flatMap(({ endpoints }) => {
      const endpoint = endpoints.find((each) => each.target === target);
      return endpoint === undefined ? [] : [`http://${endpoint.host}:${endpoint.port}`];
    });
}
