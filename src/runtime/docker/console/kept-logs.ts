import type { LogLine, LogOptions } from '../../runtime-driver.ts';

const maxReplicas = 128;
const maxCharacters = 64 * 1024;

/** Last lines of replicas whose containers, and with them their logs, were removed. Kept in memory only. */
export class KeptLogs {
  readonly #lines = new Map<string, readonly LogLine[]>();

  keep(replicaId: string, lines: readonly LogLine[]): void {
    this.#lines.delete(replicaId);
    this.#lines.set(replicaId, lastOf(lines));
    const [oldest] = this.#lines.keys();
    if (this.#lines.size > maxReplicas && oldest !== undefined) this.#lines.delete(oldest);
  }

  has(replicaId: string): boolean {
    return this.#lines.has(replicaId);
  }

  read(replicaId: string, { tail, sinceMs }: LogOptions): readonly LogLine[] {
    const lines = (this.#lines.get(replicaId) ?? []).filter(({ time }) => time >= (sinceMs ?? 0));
    return tail === undefined ? lines : lines.slice(Math.max(0, lines.length - tail));
  }
}

/** As many of the last lines as there is room for, and at least one. */
function lastOf(lines: readonly LogLine[]): readonly LogLine[] {
  let start = lines.length;
  let characters = 0;
  while (start > 0 && characters <= maxCharacters) {
    start -= 1;
    characters += lines[start]?.text.length ?? 0;
  }
  const isOver = characters > maxCharacters && start < lines.length - 1;
  return lines.slice(isOver ? start + 1 : start);
}
