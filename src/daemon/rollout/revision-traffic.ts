import type { Desired } from '../../controller/desired.ts';
import { noTraffic, trafficBetween, type TrafficLedger } from '../../controller/observe/traffic-ledger.ts';
import type { RevisionRecord } from '../../controller/revisions.ts';

/** Counts what the balancer carried while a deployment was under way, for its record. */
export class RevisionTraffic {
  /** The ledger's sums when the deployment began, by service. */
  readonly #begun = new Map<string, ReturnType<TrafficLedger['totals']>>();

  /** Takes note of the services that begin to move. */
  begin(before: Desired, after: Desired, ledger: TrafficLedger): void {
    for (const name of Object.keys(after.services)) {
      if (isUnderWay(after, name) && !isUnderWay(before, name)) this.#begun.set(name, ledger.totals([name]));
    }
  }

  /** The same state, with the counts in those records that are settled by it. */
  settle(before: Desired, after: Desired, ledger: TrafficLedger): Desired {
    const services = Object.entries(after.services).map(([name, service]) => {
      const open = new Set(
        (before.services[name]?.revisions ?? [])
          .filter(({ outcome }) => outcome === 'under way')
          .map(({ number }) => number),
      );
      if (open.size === 0 || service.revisions === undefined) return [name, service] as const;
      // A daemon that took over in the middle counts from its own beginning.
      const { requests, drained, forced, failed } = trafficBetween(
        this.#begun.get(name) ?? noTraffic,
        ledger.totals([name]),
      );
      const revisions = service.revisions.map((record): RevisionRecord =>
        open.has(record.number) && record.outcome !== 'under way'
          ? { ...record, traffic: { requests, drained, forced, failed } }
          : record,
      );
      return [name, { ...service, revisions }] as const;
    });
    return { ...after, services: Object.fromEntries(services) };
  }
}

function isUnderWay({ services }: Desired, name: string): boolean {
  return services[name]?.revisions?.some(({ outcome }) => outcome === 'under way') ?? false;
}
