import type { Service } from '../../../model/service.ts';
import { TenfoldError, type TenfoldErrorDetails } from '../../../shared/errors.ts';
import type { Project, ServiceConfig } from '../../project.ts';
import type { XTenfoldAutoscale } from '../../schema/tenfold/autoscale.ts';

type Keys = readonly (string | number)[];

/** Where an `autoscale` section stands, and what is needed to judge it. */
export interface Place {
  readonly service: Service;
  readonly config: ServiceConfig;
  readonly autoscale: XTenfoldAutoscale;
  readonly project: Project;
  readonly services: ReadonlyMap<string, Service>;
  /** Remembers what is wrong with the section; `keys` lead from it to the place. */
  readonly fault: (keys: Keys, message: string, details: Omit<TenfoldErrorDetails, 'where'>) => void;
}

export function placeOf(
  service: Service,
  autoscale: XTenfoldAutoscale,
  project: Project,
  services: ReadonlyMap<string, Service>,
  faults: TenfoldError[],
): Place {
  return {
    service,
    config: project.services[service.name] ?? {},
    autoscale,
    project,
    services,
    fault(keys, message, details) {
      const where = project.locate('services', service.name, 'x-tenfold', 'autoscale', ...keys);
      const said = `service ${service.name}: ${message}`;
      faults.push(new TenfoldError('invalid-compose', said, { where, ...details }));
    },
  };
}
