import { askRuntime } from './runtime-api.ts';

/** One line of `show stat` (management guide, section 9.1), as far as it is of use here. */
export interface StatRow {
  readonly proxy: string;
  /** `FRONTEND`, `BACKEND`, or the server's name. */
  readonly server: string;
  /** Sessions at present: requests of a server or backend, connections of a frontend. */
  readonly current: number;
  readonly queued: number;
  /** Sessions since the start; of a server, one for each attempt. */
  readonly total: number;
  /** Attempts after which a request went to another server. */
  readonly redispatched: number;
  /** `UP`, `UP 1/2`, `DOWN`, `MAINT`, `no check`, … */
  readonly status: string;
  /** At present; a slow start makes it smaller. */
  readonly weight: number;
  readonly isRamping: boolean;
  readonly isBackup: boolean;
  /** Most sessions at a time; 0 for no limit. */
  readonly limit: number;
  /** A check is under way: of the last one, its status is all that is left. */
  readonly isChecking: boolean;
  readonly checkStatus: string;
  readonly checkCode: string;
  readonly checkText: string;
  /** Of a frontend: HTTP requests, or TCP connections. */
  readonly requests: number;
}

export async function readStatistics(socketPath: string): Promise<readonly StatRow[]> {
  return parseStatistics(await askRuntime(socketPath, 'show stat'));
}

export function parseStatistics(text: string): readonly StatRow[] {
  const [header = '', ...lines] = text.split('\n').filter((line) => line !== '');
  const names = header.replace(/^# /, '').split(',');
  const column = new Map(names.map((name, index) => [name, index]));
  return lines.map((line) => {
    const fields = splitCsv(line);
    const field = (name: string): string => fields[column.get(name) ?? -1] ?? '';
    return {
      proxy: field('pxname'),
      server: field('svname'),
      current: Number(field('scur')),
      queued: Number(field('qcur')),
      total: Number(field('stot')),
      redispatched: Number(field('wredis')),
      status: field('status'),
      weight: Number(field('weight')),
      isRamping: field('throttle') !== '' && field('throttle') !== '100',
      isBackup: field('bck') === '1',
      limit: Number(field('slim')),
      isChecking: field('check_status').startsWith('* '),
      checkStatus: field('check_status').replace(/^\* /, ''),
      checkCode: field('check_code'),
      checkText: field('last_chk') || field('check_desc'),
      requests: Number(field(field('mode') === 'tcp' ? 'stot' : 'req_tot')),
    };
  });
}

/** Fields that hold a comma or a quote are quoted, and quotes in them doubled (RFC 4180). */
function splitCsv(line: string): readonly string[] {
  if (!line.includes('"')) return line.split(',');
  return Array.from(line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g), ([, inQuotes, plain]) =>
    inQuotes === undefined ? (plain ?? '') : inQuotes.replaceAll('""', '"'),
  );
}
