import type { ListenerEntry } from '../../balancer-driver.ts';
import { findPortOwner, formatPortOwner } from '../../../shared/port-owner.ts';
import { isTenfoldError, type TenfoldError } from '../../../shared/errors.ts';
import { doorKey } from '../worker/door-key.ts';
import { type BoundSocket, bindSocket, listenError } from './bound-socket.ts';
import type { Worker } from './workers.ts';

type Address = Pick<ListenerEntry, 'hostIp' | 'port'>;

interface NewDoor extends BoundSocket, Address {}

/** The listening sockets, which belong to the main process so that they outlive any worker. */
export class Doors {
  readonly #bound = new Map<string, NewDoor>();

  get all(): readonly NewDoor[] {
    return Array.from(this.#bound.values());
  }

  /** Binds the addresses that are not bound yet, all or none; they count only once they are kept. */
  async bindNew(listeners: readonly Address[]): Promise<readonly NewDoor[]> {
    const added: NewDoor[] = [];
    for (const { hostIp, port } of listeners) {
      const key = doorKey({ hostIp, port });
      if (this.#bound.has(key)) continue;
      try {
        const socket = bindSocket(key, hostIp, port);
        added.push({ ...socket, hostIp, port });
      } catch (thrown) {
        for (const socket of added) socket.close();
        throw isTenfoldError(thrown, 'port-taken') ? await withOwner(thrown, { hostIp, port }) : thrown;
      }
    }
    return added;
  }

  /** Has a worker listen on the doors; returns the first failure. */
  async open(doors: readonly NewDoor[], worker: Worker): Promise<TenfoldError | undefined> {
    const answers = doors.map((door) => {
      const answer = worker.answer(`door-open ${door.key}`);
      worker.tell({ type: 'door', key: door.key }, door.handle);
      return answer;
    });
    for (const [index, answer] of (await Promise.all(answers)).entries()) {
      const door = doors[index];
      if (answer?.type !== 'door-open' || answer.error === undefined || door === undefined) continue;
      return withOwner(listenError(answer.error, door.hostIp, door.port), door);
    }
    return undefined;
  }

  keep(doors: readonly NewDoor[]): void {
    for (const door of doors) this.#bound.set(door.key, door);
  }

  closeOthers(kept: ReadonlySet<string>): void {
    for (const [key, door] of this.#bound) {
      if (kept.has(key)) continue;
      door.close();
      this.#bound.delete(key);
    }
  }

  closeAll(): void {
    this.closeOthers(new Set());
  }
}

/** The same error with the program that holds the port, where that can be known. */
async function withOwner(error: TenfoldError, { hostIp, port }: Address): Promise<TenfoldError> {
  if (!error.message.includes('already taken')) return error;
  const owner = await findPortOwner(port);
  return owner === undefined ? error : listenError('EADDRINUSE', hostIp, port, formatPortOwner(owner));
}
