/** What all sessions of an engine share, and the evaluation context that each statement gets from it. */
import { DriftError } from '../base/error.ts';
import type { Cancellation } from '../base/cancel.ts';
import type { Host } from '../base/host.ts';
import { Random } from '../base/random.ts';
import type { Catalog, SequenceDef } from '../catalog/schema.ts';
import type { EvalContext } from '../sql/eval-context.ts';
import type { TableStore } from '../table/store.ts';
import type { TransactionManager } from '../txn/transaction-manager.ts';
import type { EngineOptions } from './api.ts';
import type { Sequences } from './sequences.ts';
import type { Settings } from './settings.ts';

export interface Core {
  readonly host: Host;
  readonly store: TableStore;
  readonly manager: TransactionManager;
  readonly sequences: Sequences;
  readonly options: EngineOptions;
  nextObjectId: number;
  /** Row ids handed out and not yet committed, by table. */
  readonly rowIds: Map<number, number>;
}

/** A session's memory of sequences: currval and lastval. */
export interface SessionSequences {
  readonly current: Map<number, bigint>;
  last: bigint | null;
}

export interface EvalParts {
  readonly core: Pick<Core, 'host' | 'sequences'>;
  readonly settings: Settings;
  readonly random: Random;
  readonly sequences: SessionSequences;
  readonly catalog: Catalog;
  readonly snapshot: number;
  readonly transactionTime: number;
  readonly cancellation: Cancellation;
}

export function evalContext(parts: EvalParts): EvalContext {
  const { core, settings, random, sequences } = parts;
  const definition = (id: number): SequenceDef => {
    const object = parts.catalog.byId(id);
    if (object?.kind !== 'sequence') throw new DriftError('42P01', `sequence ${id} does not exist`);
    return object;
  };
  return {
    transactionTime: parts.transactionTime,
    statementTime: core.host.now(),
    clock: () => core.host.now(),
    random: () => random.next(),
    setSeed: (seed) => random.seed(seed),
    randomBytes(count) {
      const bytes = new Uint8Array(count);
      core.host.randomBytes(bytes);
      return bytes;
    },
    get timeZone() {
      return settings.get('timezone') ?? 'UTC';
    },
    catalog: parts.catalog,
    setting: (name) => settings.get(name),
    setSetting: (name, value, local) => settings.set(name, value, local),
    user: 'drift',
    database: 'drift',
    nextval(id) {
      const value = core.sequences.next(definition(id));
      sequences.current.set(id, value);
      sequences.last = value;
      return plain(value);
    },
    currval(id) {
      const value = sequences.current.get(id);
      if (value === undefined)
        throw new DriftError(
          '55000',
          `currval of sequence "${definition(id).name}" is not yet defined in this session`,
        );
      return plain(value);
    },
    lastval() {
      if (sequences.last === null) throw new DriftError('55000', 'lastval is not yet defined in this session');
      return plain(sequences.last);
    },
    setval(id, value, isCalled) {
      core.sequences.set(definition(id), BigInt(value), isCalled);
      if (isCalled) sequences.current.set(id, BigInt(value));
    },
    snapshot: parts.snapshot,
    cancellation: parts.cancellation,
  };
}

function plain(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
