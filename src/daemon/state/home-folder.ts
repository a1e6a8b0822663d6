import { access, constants } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Home } from '../home.ts';
import { messageOf, TenfoldError } from '../../shared/errors.ts';
import { makeFolder } from '../../shared/make-folder.ts';

/** Makes the folders of a home, readable by their owner alone. Throws `home-unusable`. */
export async function makeHome(home: Home): Promise<void> {
  const folders = [
    home.directory,
    home.stacksDirectory,
    home.processesDirectory,
    home.logsDirectory,
    dirname(home.socketPath),
  ];
  for (const folder of folders) {
    try {
      makeFolder(folder);
      await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    } catch (thrown) {
      throw new TenfoldError('home-unusable', `cannot use ${folder} to keep state: ${messageOf(thrown)}`, {
        expected: 'a folder that this user can write to',
        hint: 'set TENFOLD_HOME to such a folder',
        cause: thrown,
      });
    }
  }
}
