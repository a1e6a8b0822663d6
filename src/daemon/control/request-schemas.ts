import { z } from 'zod';
import type { Stack } from '../../model/stack.ts';

/* What the daemon checks of a request before it relies on it. The types are those of control-api.ts. */

const change = {
  requester: z.object({ user: z.string(), commandLine: z.string() }),
  isDryRun: z.boolean().exactOptional(),
};
const names = z.array(z.string()).readonly();
const scale = z.record(z.string(), z.number());

// The CLI resolved it with the very code that the daemon has; what is checked is that it is whole.
const stack = z.custom<Stack>(
  (value) =>
    z
      .object({
        name: z.string().regex(/^[a-z0-9][a-z0-9_-]*$/),
        workingDir: z.string(),
        configFiles: z.array(z.string()),
        hostEnvironment: z.record(z.string(), z.string()),
        services: z.record(
          z.string(),
          z.object({ name: z.string(), revision: z.string(), kind: z.enum(['container', 'process']) }),
        ),
      })
      .safeParse(value).success,
  'it is not a whole stack',
);

export const upSchema = z.object({
  ...change,
  stack,
  services: names.exactOptional(),
  scale,
  resetScale: z.boolean(),
  removeOrphans: z.boolean(),
  forceRecreate: z.boolean(),
});

export const deploySchema = upSchema.extend({
  images: z.record(z.string(), z.string()),
  strategy: z.enum(['rolling', 'blue-green', 'canary']).exactOptional(),
});

export const rolloutSchema = z.object({
  ...change,
  action: z.enum(['pause', 'resume', 'promote', 'abort', 'undo']),
  services: names.exactOptional(),
  to: z.string().exactOptional(),
  isWhole: z.boolean().exactOptional(),
});

export const scaleSchema = z.object({ ...change, scale });

export const downSchema = z.object({
  ...change,
  removeVolumes: z.boolean(),
  removeOrphans: z.boolean(),
  graceMs: z.number().nonnegative().exactOptional(),
});

export const servicesSchema = z.object({
  ...change,
  services: names.exactOptional(),
  graceMs: z.number().nonnegative().exactOptional(),
});

export const killSchema = z.object({ ...change, targets: names.exactOptional(), signal: z.string() });

export const instanceSchema = z.object({
  ...change,
  instance: z.string(),
  isForced: z.boolean().exactOptional(),
});

export const execSchema = z.object({
  target: z.string(),
  command: names,
  user: z.string().exactOptional(),
  workingDir: z.string().exactOptional(),
  environment: z.record(z.string(), z.string()),
  isPrivileged: z.boolean(),
  terminal: z.object({ columns: z.number(), rows: z.number() }).exactOptional(),
});
