import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { TenfoldError, messageOf } from '../../../shared/errors.ts';
import type { ComposeService } from '../compose-types.ts';
import type { EngineHostConfig } from './engine-body.ts';

/** `security_opt`: a seccomp profile is sent as its content, and `systempaths=unconfined` unmasks /proc and /sys. */
export function security(config: ComposeService, workingDir: string): EngineHostConfig {
  const options = config.security_opt ?? [];
  const sent = options.filter((option) => option !== 'systempaths=unconfined');
  return {
    ...(sent.length > 0 ? { SecurityOpt: sent.map((option) => withProfile(option, workingDir)) } : {}),
    ...(sent.length < options.length ? { MaskedPaths: [], ReadonlyPaths: [] } : {}),
  };
}

function withProfile(option: string, workingDir: string): string {
  const [, profile] = /^seccomp[=:](.+)$/.exec(option) ?? [];
  if (profile === undefined || profile === 'unconfined' || profile === 'builtin') return option;
  const file = resolve(workingDir, profile);
  try {
    return `seccomp=${JSON.stringify(JSON.parse(readFileSync(file, 'utf8')))}`;
  } catch (thrown) {
    throw new TenfoldError('file-unreadable', `the seccomp profile cannot be used: ${messageOf(thrown)}`, {
      where: { file },
      expected: 'a JSON file as docker run --security-opt seccomp=FILE takes it',
      hint: 'correct security_opt in the compose file',
      cause: thrown,
    });
  }
}
