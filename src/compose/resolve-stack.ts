import type { Dependency, Service } from '../model/service.ts';
import type { Stack } from '../model/stack.ts';
import { isTenfoldError, TenfoldError } from '../shared/errors.ts';
import { serviceHash } from './config-hash.ts';
import { throwAll } from './faults.ts';
import type { Project, ServiceConfig } from './project.ts';
import { withDefaultPlatform } from './project/default-platform.ts';
import { withAutoscaling } from './stack/autoscale/with-autoscaling.ts';
import { startTimeoutMs, tenfoldOf } from './stack/balancing.ts';
import { withBalancers } from './stack/balancers.ts';
import { balancingPolicy } from './stack/balancing-policy.ts';
import { toJsonObject, toJsonObjects } from './stack/json.ts';
import { withInternalListeners } from './stack/internal-listeners.ts';
import { withNetworkListeners } from './stack/network-listeners.ts';
import { resolvePorts } from './stack/ports.ts';
import { recyclePolicy, refuseUncounted } from './stack/changes/recycle.ts';
import { checkSingleton } from './stack/changes/singleton.ts';
import { refuseSharedPorts } from './stack/shared-ports.ts';
import { resolveRouting } from './stack/routing/resolve-routing.ts';
import { replacedEdges } from './stack/routing/traefik/label-routing.ts';
import { healthCheck, hooks, restartPolicy, stopPolicy } from './stack/policies.ts';
import { processWarnings } from './stack/process-warnings.ts';
import {
  checkedRolloutPolicy,
  checkFailureActions,
  rollbackPolicy,
  updatePolicy,
} from './stack/changes/rollout.ts';

export interface ResolvedStack {
  readonly stack: Stack;
  /** What the file asks for and cannot be had, in words for a person; those of the loader included. */
  readonly warnings: readonly string[];
}

/**
 * Turns a loaded project into the stack that the daemon runs. Throws `invalid-compose` with the location of everything
 * that Compose allows and a scaled stack cannot have, one error for each service that has any.
 */
export function resolveStack(
  project: Project,
  hostEnvironment: Readonly<Record<string, string>>,
): ResolvedStack {
  const warnings = [...project.warnings];
  const services: Service[] = [];
  const faults: TenfoldError[] = [];
  const replaced = replacedEdges(project);
  for (const [name, config] of Object.entries(project.services)) {
    if (config.provider !== undefined) {
      warnings.push(`service ${name} has a provider, which Tenfold does not run; start it by other means`);
      continue;
    }
    if (replaced.has(name)) continue;
    const platformed = withDefaultPlatform(config, project.environment);
    try {
      services.push(resolveService(name, platformed, project, warnings));
    } catch (thrown) {
      if (!isTenfoldError(thrown)) throw thrown;
      faults.push(thrown);
    }
  }
  throwAll(faults);
  const dependable = services.map((service) => ({
    ...service,
    dependsOn: service.dependsOn.filter(({ service: name }) => !replaced.has(name)),
  }));
  const routing = resolveRouting(dependable, project, warnings);
  refuseSharedPorts(routing.services, routing.entrypoints, project);
  const reachable = withNetworkListeners(withInternalListeners(routing.services, project), project, warnings);
  refuseUncounted(reachable, project);
  const stack: Stack = {
    name: project.name,
    workingDir: project.workingDir,
    configFiles: project.configFiles,
    hostEnvironment,
    services: Object.fromEntries(
      withBalancers(withAutoscaling(reachable, project), project).map((service) => [service.name, service]),
    ),
    ...(routing.entrypoints.length > 0 && { entrypoints: routing.entrypoints }),
    networks: toJsonObjects(project.networks),
    volumes: toJsonObjects(project.volumes),
    secrets: toJsonObjects(withContent(project.secrets, project.secretValues)),
    configs: toJsonObjects(withContent(project.configs, project.configValues)),
  };
  return { stack, warnings };
}

/** What comes from the environment of the command line must reach the daemon, which has another one. */
function withContent<Config extends object>(
  resources: Readonly<Record<string, Config>>,
  values: Readonly<Record<string, string>>,
): Record<string, Config & { readonly content?: string }> {
  return Object.fromEntries(
    Object.entries(resources).map(([name, resource]) => {
      const content = values[name];
      return [name, content === undefined ? resource : { ...resource, content }];
    }),
  );
}

/** More than any machine runs: a number beyond it is a slip of the finger. */
const maxReplicas = 10_000;

function resolveService(name: string, config: ServiceConfig, project: Project, warnings: string[]): Service {
  const kind = config.image === undefined && config.build === undefined ? 'process' : 'container';
  const tenfold = tenfoldOf(name, project);
  const isStateful = kind === 'container' && hasNamedVolume(config);
  const balancing = balancingPolicy(name, tenfold, project);
  const ports = resolvePorts(name, config, { kind, isStateful, tenfold, balancing }, project, warnings);
  if (kind === 'process') warnings.push(...processWarnings(name, config));
  const replicas = replicasOf(config);
  if (replicas > maxReplicas) {
    const keys = config.deploy?.replicas === undefined ? ['scale'] : ['deploy', 'replicas'];
    throw new TenfoldError('invalid-compose', `service ${name} asks for ${replicas} replicas`, {
      where: project.locate('services', name, ...keys),
      expected: `at most ${maxReplicas}`,
      got: String(replicas),
    });
  }
  if (replicas > 1 && config.container_name !== undefined) {
    throw new TenfoldError(
      'invalid-compose',
      `service ${name} has a container_name and ${replicas} replicas`,
      {
        where: project.locate('services', name, 'container_name'),
        expected: 'one replica, as a container name must be unique',
        hint: 'leave container_name out',
      },
    );
  }
  checkFailureActions(name, config, project);
  const isSingleton = tenfold.singleton === true;
  if (isSingleton) checkSingleton({ name, replicas }, config, project);
  const hasToStopFirst = isStateful || isSingleton || ports.directPorts.length > 0;
  const update = updatePolicy(config.deploy?.update_config, hasToStopFirst);
  return {
    name,
    kind,
    revision: serviceHash(config),
    replicas,
    containerName: config.container_name,
    isStateful,
    dependsOn: dependenciesOf(config, project),
    ...ports,
    networks: config.network_mode === undefined ? Object.keys(config.networks ?? {}) : [],
    healthCheck: healthCheck(config),
    postStart: hooks(config.post_start),
    stop: stopPolicy(name, config, project),
    restart: restartPolicy(name, config, { isServer: ports.targets.some((target) => target > 0) }, project),
    update,
    rollback: rollbackPolicy(config.deploy?.rollback_config, update),
    rollout: checkedRolloutPolicy({ name, update, listeners: ports.listeners }, tenfold.rollout, project),
    balancing,
    ...(tenfold.weights !== undefined && { weights: tenfold.weights }),
    ...(tenfold.backups !== undefined && { backups: tenfold.backups }),
    recycle: recyclePolicy(name, tenfold, project),
    isSingleton,
    startTimeoutMs: startTimeoutMs(tenfold),
    config: toJsonObject(config),
  };
}

function hasNamedVolume({ volumes = [] }: ServiceConfig): boolean {
  return volumes.some(({ type, source }) => type === 'volume' && source !== undefined);
}

function replicasOf({ deploy, scale }: ServiceConfig): number {
  return deploy?.mode === 'global' ? 1 : (deploy?.replicas ?? scale ?? 1);
}

/** A dependency that is optional and not there is no dependency. */
function dependenciesOf(config: ServiceConfig, project: Project): Dependency[] {
  return Object.entries(config.depends_on ?? {}).flatMap(([service, dependency]) =>
    service in project.services && project.services[service]?.provider === undefined
      ? [
          {
            service,
            condition: dependency?.condition ?? 'service_started',
            restart: dependency?.restart ?? false,
            required: dependency?.required ?? true,
          },
        ]
      : [],
  );
}
