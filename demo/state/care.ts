/** What a person does for a database as a whole: open it with a passphrase, check it, repair it, change the passphrase. */
import { keepUpload, knownDataSets, newSealed, newUpload } from '../data/datasets.ts';
import type { DataSet } from '../data/step.ts';
import type { Problem } from '../database.ts';
import type { Repaired } from '../open-database.ts';
import { repairDatabase } from '../open-database.ts';
import type { ConsoleState } from './console-state.ts';

/** Shorter ones are guessed. */
export const SHORTEST_PASSPHRASE = 8;

/** The encrypted database of that name, if this browser has one. */
export function sealedNamed(title: string): DataSet | undefined {
  return knownDataSets().find((dataSet) => dataSet.encrypted === true && dataSet.title === title.trim());
}

/** Opens an encrypted database, or makes it. Returns what went wrong. */
export async function openSealed(
  state: ConsoleState,
  title: string,
  passphrase: string,
  open: (dataSet: DataSet, passphrase: string) => Promise<void>,
): Promise<string | undefined> {
  const dataSet = sealedNamed(title) ?? newSealed(title.trim());
  await open(dataSet, passphrase);
  if (state.dataSet?.name !== dataSet.name) return state.failure ?? 'It could not be opened.';
  keepUpload(dataSet);
  // The list of databases has one more.
  state.fail(undefined);
  return undefined;
}

export async function check({ database }: ConsoleState): Promise<readonly Problem[]> {
  return database === undefined ? [] : database.check();
}

/** Writes what can be read of a database into a new one beside it. The console has to open that then. */
export async function repair(
  state: ConsoleState,
  damaged: DataSet,
  passphrase: string | undefined,
): Promise<{ readonly dataSet: DataSet; readonly report: Repaired }> {
  // It must not be open.
  await state.close();
  const title = `${damaged.title}, repaired`;
  const dataSet = passphrase === undefined ? newUpload(title) : newSealed(title);
  const report = await repairDatabase(damaged.name, dataSet.name, passphrase);
  keepUpload(dataSet);
  return { dataSet, report };
}

/** The old passphrase opens nothing any more when this resolves. */
export async function changePassphrase(state: ConsoleState, passphrase: string): Promise<void> {
  await state.database?.rekey({ passphrase });
  state.passphrase = passphrase;
}
