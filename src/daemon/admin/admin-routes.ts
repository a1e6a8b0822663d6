import type { ServerResponse } from 'node:http';
import { renderStatusPage } from './status-page.ts';
import { formatStubStatus } from './stub-status.ts';
import { noFigures } from '../../balancer/balancer-figures.ts';
import type { Route } from '../control/control-server.ts';
import type { VersionReply } from '../control-api.ts';
import {
  chooseFormat,
  contentTypes,
  formatExposition,
} from '../../exporters/prometheus/format-exposition.ts';
import {
  balancerFamilies,
  controllerFamilies,
  type MeasuredController,
  processFamilies,
} from '../../exporters/prometheus/daemon-families.ts';
import type { MetricFamily } from '../../exporters/prometheus/metric-family.ts';
import { serviceFamilies } from '../../exporters/prometheus/service-families.ts';
import type { Metrics } from '../../metrics/start-metrics.ts';

export interface AdminContext {
  readonly metrics: Pick<Metrics, 'store' | 'observation'>;
  readonly controllers: () => readonly MeasuredController[];
  readonly version: () => VersionReply;
  /** What other parts of the daemon have to tell a scraper. */
  readonly moreFamilies?: () => readonly MetricFamily[];
}

/** What anybody on this machine may see: metrics, and how it goes. */
export function adminRoutes(context: AdminContext): readonly Route[] {
  const { metrics, controllers, version, moreFamilies } = context;
  return [
    {
      method: 'GET',
      pattern: '/metrics',
      async handle({ request, response }) {
        const format = chooseFormat(request.headers.accept);
        const families = [
          ...serviceFamilies(metrics.store.current()),
          ...balancerFamilies(metrics.observation()?.figures),
          ...controllerFamilies(controllers()),
          ...(moreFamilies?.() ?? []),
          ...processFamilies(version().version),
        ];
        sendText(response, contentTypes[format], formatExposition(families, format));
      },
    },
    {
      method: 'GET',
      pattern: '/healthz',
      async handle({ response }) {
        // Stacks without a balancer would serve nobody.
        const isServing = version().proxyPid !== undefined;
        sendText(
          response,
          plainText,
          isServing ? 'ok\n' : 'the balancer does not answer\n',
          isServing ? 200 : 503,
        );
      },
    },
    {
      method: 'GET',
      pattern: '/stub_status',
      async handle({ response }) {
        const { figures = noFigures, listeners = [] } = metrics.observation() ?? {};
        const requests = listeners.reduce((sum, listener) => sum + listener.requests, 0);
        sendText(response, plainText, formatStubStatus(figures, requests));
      },
    },
    {
      method: 'GET',
      pattern: '/status',
      async handle({ response }) {
        response.setHeader('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'");
        const page = renderStatusPage(controllers(), metrics.store.current(), version());
        sendText(response, 'text/html; charset=utf-8', page);
      },
    },
  ];
}

const plainText = 'text/plain; charset=utf-8';

function sendText(response: ServerResponse, type: string, text: string, status = 200): void {
  response.writeHead(status, { 'content-type': type });
  response.end(text);
}
