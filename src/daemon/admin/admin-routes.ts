import type { ServerResponse } from 'node:http';
import { renderStatusPage } from './status-page.ts';
import type { Route } from '../control/control-server.ts';
import type { VersionReply } from '../control-api.ts';
import {
  chooseFormat,
  contentTypes,
  formatExposition,
} from '../../exporters/prometheus/format-exposition.ts';
import {
  controllerFamilies,
  type MeasuredController,
  processFamilies,
} from '../../exporters/prometheus/daemon-families.ts';
import type { MetricFamily } from '../../exporters/prometheus/metric-family.ts';
import { serviceFamilies } from '../../exporters/prometheus/service-families.ts';
import type { MetricsStore } from '../../metrics/metrics-store.ts';

export interface AdminContext {
  readonly store: MetricsStore;
  readonly controllers: () => readonly MeasuredController[];
  readonly version: () => VersionReply;
  /** What other parts of the daemon have to tell a scraper. */
  readonly moreFamilies?: () => readonly MetricFamily[];
}

/** What anybody on this machine may see: metrics, and how it goes. */
export function adminRoutes(context: AdminContext): readonly Route[] {
  const { store, controllers, version, moreFamilies } = context;
  return [
    {
      method: 'GET',
      pattern: '/metrics',
      async handle({ request, response }) {
        const format = chooseFormat(request.headers.accept);
        const families = [
          ...serviceFamilies(store.current()),
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
      pattern: '/status',
      async handle({ response }) {
        response.setHeader('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'");
        const page = renderStatusPage(controllers(), store.current(), version());
        sendText(response, 'text/html; charset=utf-8', page);
      },
    },
  ];
}

export const plainText = 'text/plain; charset=utf-8';

export function sendText(response: ServerResponse, type: string, text: string, status = 200): void {
  response.writeHead(status, { 'content-type': type });
  response.end(text);
}
