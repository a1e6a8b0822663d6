import type { ServiceStatus } from '../../daemon/control-api.ts';
import { withDaemon } from '../invocation.ts';
import { stackName } from '../project.ts';
import { isAlive, renderOutages, renderReplicas } from '../render/render-replicas.ts';
import { requireServices } from '../scale-values.ts';
import { addVerb, type Program, type VerbCall } from '../verb.ts';

interface PsOptions {
  readonly all?: true;
  readonly quiet?: true;
  readonly services?: true;
}

export function addPs(program: Program): void {
  addVerb<PsOptions>(program, {
    name: 'ps',
    summary: 'list replicas',
    define: (command) =>
      command
        .argument('[service...]', 'services; all when none is named')
        .option('-a, --all', 'those that have ended too')
        .option('-q, --quiet', 'print ids only')
        .option('--services', 'print names of services only'),
    run: runPs,
  });
}

async function runPs({ invocation, options, words }: VerbCall<PsOptions>): Promise<void> {
  const { output, surroundings } = invocation;
  const name = await stackName(invocation);
  const status = await withDaemon(invocation, ({ client }) => client.stack(name));
  requireServices(
    name,
    words,
    status.services.map((service) => service.name),
  );
  const named = status.services.filter((service) => words.length === 0 || words.includes(service.name));
  const services = options.all === true ? named : named.map(withoutEnded);
  if (output.isJson) {
    return output.json({
      stack: name,
      replicas: services.flatMap(({ name: service, replicas }) =>
        replicas.map((replica) => ({ service, ...replica })),
      ),
    });
  }
  if (options.services === true) {
    const shown = options.all === true ? services : services.filter(({ replicas }) => replicas.length > 0);
    return output.lines(shown.map((service) => service.name));
  }
  if (options.quiet === true) {
    return output.lines(services.flatMap(({ replicas }) => replicas.map(({ id }) => id)));
  }
  const { style, width } = output;
  output.lines(renderReplicas(services, { style, width, now: surroundings.clock.now() }));
  for (const outage of renderOutages(status, output.errorStyle)) output.note(outage);
  const hidden = count(named) - count(services);
  if (hidden > 0) {
    output.note(
      output.errorStyle.dim(`${hidden} that ${hidden === 1 ? 'has' : 'have'} ended: tenfold ps -a`),
    );
  }
}

function withoutEnded(service: ServiceStatus): ServiceStatus {
  return { ...service, replicas: service.replicas.filter(isAlive) };
}

function count(services: readonly ServiceStatus[]): number {
  return services.reduce((total, { replicas }) => total + replicas.length, 0);
}
