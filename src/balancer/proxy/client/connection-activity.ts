import { Approach } from './approach.ts';
import { ClientConnection } from './client-connection.ts';
import type { DoorConnection } from './door.ts';

/** `waiting`: idle between two requests. What is no HTTP/1.x carries something as long as it is open. */
export function activityOf(connection: DoorConnection): 'reading' | 'writing' | 'waiting' {
  if (connection instanceof Approach) return 'reading';
  if (!(connection instanceof ClientConnection) || connection.phase !== 'head') return 'writing';
  return connection.parts.isBegun ? 'reading' : 'waiting';
}
