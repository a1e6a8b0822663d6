import { userInfo } from 'node:os';
import { messageOf } from './errors.ts';

/** Who runs this process, for the journal. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch (thrown) {
    // A uid without an entry in the user database, as in many containers.
    return `uid ${process.getuid?.() ?? messageOf(thrown)}`;
  }
}
