import { createHash } from 'node:crypto';
import type { ServiceTable } from '../service-tables.ts';
import type { ServerEntry } from '../group/wanted-servers.ts';
import { errorFileLines } from './error-files.ts';
import { listenerSection } from './listener-section.ts';
import { backendsOf } from './pool-sections.ts';
import { checkedOptions, commonOptions } from './server-options.ts';
import { poolSections } from './names.ts';

/** Files that a configuration names. */
export interface ConfigPlaces {
  readonly socketPath: string;
  readonly reasonsPath: string;
  readonly sharesPath: string;
  readonly errorsFolder: string;
  readonly cookieKey: string;
}

/** Lines of log that are kept for a daemon that is away; some thirty thousand requests. */
const logRingBytes = 4 << 20;

/**
 * HAProxy's own default; a head may have all but 1 KiB of it. For requests that may be sent again HAProxy copies a whole buffer,
 * whatever is in it, so that one of twice the size made each request dearer by a third.
 */
const bufferBytes = 16_384;

/** The whole configuration of one service's HAProxy, with its servers as they are wanted at the start. */
export function renderConfig(
  table: ServiceTable,
  servers: readonly ServerEntry[],
  places: ConfigPlaces,
): string {
  return [...preamble(places), ...sections(table, servers, places), ''].join('\n');
}

/**
 * Tells whether two tables need the same configuration: everything but the servers, which come and go at run time, and
 * the values of the maps.
 */
export function shapeOf(table: ServiceTable): string {
  const nowhere = { socketPath: '-', reasonsPath: '-', sharesPath: '-', errorsFolder: '-', cookieKey: '-' };
  const options = table.pools.map(({ policy }) => [checkedOptions(policy), commonOptions(policy)]);
  const text = renderConfig(table, [], nowhere) + JSON.stringify(options);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

function preamble(places: ConfigPlaces): readonly string[] {
  return [
    '# Written by Tenfold, which replaces it whole at each change.',
    'global',
    `  stats socket ${places.socketPath} mode 600 level admin expose-fd listeners`,
    '  stats timeout 7d',
    '  log ring@traffic format raw local0',
    `  tune.bufsize ${bufferBytes}`,
    '  spread-checks 20',
    'ring traffic',
    '  format raw',
    '  maxlen 1024',
    `  size ${logRingBytes}`,
    'defaults tcp',
    '  mode tcp',
    '  log global',
    '  timeout client 7d',
    '  timeout server 7d',
    '  timeout tunnel 7d',
    'defaults http',
    '  mode http',
    '  log global',
    '  timeout client 60s',
    '  timeout client-fin 30s',
    '  timeout http-request 30s',
    '  timeout http-keep-alive 75s',
    '  timeout tunnel 7d',
    // A client that goes takes its request with it; HAProxy cannot tell it from one that only ended its side.
    '  option abortonclose',
    ...errorFileLines(places.errorsFolder).map((line) => `  ${line}`),
  ];
}

function sections(
  table: ServiceTable,
  servers: readonly ServerEntry[],
  places: ConfigPlaces,
): readonly string[] {
  const poolById = new Map(table.pools.map((pool) => [pool.id, pool]));
  const used = table.pools.filter((pool) => table.listeners.some((listener) => listener.pool === pool.id));
  return [
    ...table.listeners.flatMap((listener) => {
      const pool = poolById.get(listener.pool);
      return pool === undefined ? [] : listenerSection(listener, pool, places.sharesPath);
    }),
    ...used.flatMap((pool) => {
      const protocol = table.listeners.find((listener) => listener.pool === pool.id)?.protocol ?? 'http';
      return backendsOf(pool, protocol, places).flatMap(({ name, lines }) => [
        `backend ${name} from ${protocol}`,
        ...lines.map((line) => `  ${line}`),
        ...servers
          .filter((server) => server.backend === name)
          .map((server) => `  ${serverLine(server, name === poolSections(pool.id).open)}`),
      ]);
    }),
  ];
}

function serverLine(server: ServerEntry, isOpen: boolean): string {
  const state = server.takesRequests ? '' : ' disabled';
  const words = [
    `server ${server.name} ${server.address}`,
    server.options,
    `weight ${server.weight}`,
    `maxconn ${server.maxConnections}`,
  ];
  if (server.isBackup && !isOpen) words.push('backup');
  return words.filter((word) => word !== '').join(' ') + state;
}
