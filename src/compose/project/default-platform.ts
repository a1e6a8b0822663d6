import type { ServiceConfig } from '../project.ts';

/** A service that is built takes `DOCKER_DEFAULT_PLATFORM` where the file names no platform. */
export function withDefaultPlatform(
  service: ServiceConfig,
  environment: Readonly<Record<string, string>>,
): ServiceConfig {
  const platform = environment['DOCKER_DEFAULT_PLATFORM'] ?? '';
  if (platform === '' || service.build === undefined || service.platform !== undefined) return service;
  return { ...service, platform };
}
