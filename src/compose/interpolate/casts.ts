import { pathTable } from '../path-table.ts';
import type { Tree } from '../tree.ts';

/** Turns the text that a variable gave into the type its place wants, or says why it cannot. */
export type Cast = (
  text: string,
) => { readonly value: Tree; readonly warning?: string } | { readonly problem: string };

const integerPattern = /^[-+]?[0-9]+$/;
const floatPattern = /^[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$/;

export const toInteger: Cast = (text) =>
  integerPattern.test(text)
    ? { value: Number(text) }
    : { problem: `invalid integer ${JSON.stringify(text)}` };

export const toFloat: Cast = (text) =>
  floatPattern.test(text) ? { value: Number(text) } : { problem: `invalid number ${JSON.stringify(text)}` };

export const toBoolean: Cast = (text) => {
  switch (text.toLowerCase()) {
    case 'true':
      return { value: true };
    case 'false':
      return { value: false };
    case 'y':
    case 'yes':
    case 'on':
      return {
        value: true,
        warning: `"${text}" for boolean is not supported by YAML 1.2, please use \`true\``,
      };
    case 'n':
    case 'no':
    case 'off':
      return {
        value: false,
        warning: `"${text}" for boolean is not supported by YAML 1.2, please use \`false\``,
      };
    default:
      return { problem: `invalid boolean: ${text}` };
  }
};

const tenfoldCasts: Readonly<Record<string, Cast>> = {
  'x-tenfold.max_fails': toInteger,
  'x-tenfold.retries': toInteger,
  'x-tenfold.response_headers': toBoolean,
  'x-tenfold.max_connections': toInteger,
  'x-tenfold.max_5xx': toInteger,
  'x-tenfold.queue.size': toInteger,
  'x-tenfold.latency_outlier.factor': toInteger,
  'x-tenfold.latency_outlier.min_requests': toInteger,
  'x-tenfold.circuit_breaker.min_requests': toInteger,
  'x-tenfold.circuit_breaker.probes': toInteger,
  'x-tenfold.health.rise': toInteger,
  'x-tenfold.health.fall': toInteger,
  'x-tenfold.health.fail_open': toBoolean,
};

function below(prefix: string, rules: Readonly<Record<string, Cast>>): Record<string, Cast> {
  return Object.fromEntries(Object.entries(rules).map(([pattern, cast]) => [`${prefix}.${pattern}`, cast]));
}

/** Places whose text becomes a number or a boolean once variables are filled in (compose-spec, interpolation). */
export const composeCasts = pathTable<Cast>({
  ...tenfoldCasts,
  ...below('services.*', tenfoldCasts),
  ...below('services.*.ports.*', tenfoldCasts),
  'services.*.cpu_count': toInteger,
  'services.*.cpu_percent': toFloat,
  'services.*.cpu_period': toInteger,
  'services.*.cpu_quota': toInteger,
  'services.*.cpu_rt_period': toInteger,
  'services.*.cpu_rt_runtime': toInteger,
  'services.*.cpus': toFloat,
  'services.*.cpu_shares': toInteger,
  'services.*.init': toBoolean,
  'services.*.depends_on.*.required': toBoolean,
  'services.*.depends_on.*.restart': toBoolean,
  'services.*.deploy.replicas': toInteger,
  'services.*.deploy.update_config.parallelism': toInteger,
  'services.*.deploy.update_config.max_failure_ratio': toFloat,
  'services.*.deploy.rollback_config.parallelism': toInteger,
  'services.*.deploy.rollback_config.max_failure_ratio': toFloat,
  'services.*.deploy.restart_policy.max_attempts': toInteger,
  'services.*.deploy.placement.max_replicas_per_node': toInteger,
  'services.*.healthcheck.retries': toInteger,
  'services.*.healthcheck.disable': toBoolean,
  'services.*.oom_kill_disable': toBoolean,
  'services.*.oom_score_adj': toInteger,
  'services.*.pids_limit': toInteger,
  'services.*.ports.*.target': toInteger,
  'services.*.privileged': toBoolean,
  'services.*.read_only': toBoolean,
  'services.*.scale': toInteger,
  'services.*.stdin_open': toBoolean,
  'services.*.tty': toBoolean,
  'services.*.ulimits.*': toInteger,
  'services.*.ulimits.*.hard': toInteger,
  'services.*.ulimits.*.soft': toInteger,
  'services.*.volumes.*.read_only': toBoolean,
  'services.*.volumes.*.volume.nocopy': toBoolean,
  'networks.*.external': toBoolean,
  'networks.*.internal': toBoolean,
  'networks.*.attachable': toBoolean,
  'networks.*.enable_ipv4': toBoolean,
  'networks.*.enable_ipv6': toBoolean,
  'volumes.*.external': toBoolean,
  'secrets.*.external': toBoolean,
  'configs.*.external': toBoolean,
});
