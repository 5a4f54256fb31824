/**
 * Lines in use: the engine's shared core once more for a branch, with the branch's tables, catalog and transactions.
 *
 * A session stands on one line. All that it does goes through its core, and a branch's core is that of the main line but
 * for three things: the store (txn/line/line-store.ts), the transaction manager over it (which shares the clock, the log
 * and the time line), and so the locks. It is made when a session first uses the branch.
 */
import { assert, DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import { valueAt, type Vector } from '../../base/vector.ts';
import type { CatalogChange } from '../../catalog/catalog.ts';
import { type BranchDef, LINES_TABLE, LINES_TABLE_ID, type LineTableDef } from '../../catalog/lines.ts';
import { parseDefinition } from '../../catalog/system-objects.ts';
import { OP_DELETE, OP_NONE, type RowChanges } from '../../table/table.ts';
import { definedTables, readCatalogAt } from '../described-tables.ts';
import { LAST } from '../../txn/line/line-scan.ts';
import { LineStore } from '../../txn/line/line-store.ts';
import { TransactionManager } from '../../txn/transaction-manager.ts';
import { bareContext } from '../bare-context.ts';
import type { Core } from '../core.ts';
import { MAIN } from './main.ts';
import { removeDropped } from './replay.ts';
import { specOf, textArray } from '../specs.ts';
import { endStructures, reopenStructures } from '../structure.ts';

/** What lines share is written through the main line's core. */
const SHARED = ['nextObjectId', 'databaseId', 'lastSessionId', 'running', 'temporary', 'closing', 'ledger'] as const;

export function mainOf(core: Core): Core {
  return core.line?.main ?? core;
}

export function branches(core: Core): BranchDef[] {
  return [...core.lines.state.objects()].filter((object): object is BranchDef => object.kind === 'tag');
}

/** A branch by name; undefined for the main line. Throws 42704. */
export function branchNamed(core: Core, name: string, position?: number): BranchDef | undefined {
  if (name === MAIN) return undefined;
  const found = core.lines.state.tag(name);
  if (found === undefined) throw new DriftError('42704', `branch "${name}" does not exist`, { position });
  return found as BranchDef;
}

/** The core of a line; `branch` undefined: the main line's. */
export function* coreOf(core: Core, branch: BranchDef | undefined): Task<Core> {
  const main = mainOf(core);
  if (branch === undefined) return main;
  const known = main.lines.open.get(branch.id);
  if (known !== undefined) return known;
  const parentBranch = main.lines.state.byId(branch.parent) as BranchDef | undefined;
  const parent = yield* coreOf(main, parentBranch);
  const made = yield* openLine(main, parent, branch);
  // Another session may have been faster.
  const other = main.lines.open.get(branch.id);
  if (other !== undefined) return other;
  main.lines.open.set(branch.id, made);
  return made;
}

function* openLine(main: Core, parent: Core, branch: BranchDef): Task<Core> {
  const context = bareContext(main.options, main.sequences);
  const atFork = yield* parent.manager.catalogs.at(branch.seq);
  const known: LineTableDef[] = [];
  for (const def of yield* definedTables(main.store, LINES_TABLE_ID))
    if ((def as LineTableDef).line === branch.id) known.push(def as LineTableDef);
  const store: LineStore = new LineStore(
    {
      id: branch.id,
      main: main.store,
      parent: parent.store,
      fork: branch.seq,
      widthOf: (id) => {
        const def = atFork.byId(id);
        return def?.kind === 'table' ? def.nextColumnId : undefined;
      },
      definitionOf: (id) => {
        const def = id === CATALOG.id ? CATALOG : manager.appliedCatalog.byId(id);
        return def?.kind === 'table' ? def : undefined;
      },
      specOf: (def) => specOf(def, context),
      nextId: () => main.nextObjectId++,
      isRecorded: (id) => main.lines.state.byId(id) !== undefined,
      noteLines: (seq, changes) => noteLines(main, seq, changes),
    },
    known,
  );
  const catalog = yield* readCatalogAt(store, LAST);
  const { parts } = main.manager;
  const manager: TransactionManager = new TransactionManager({
    ...parts,
    shared: { clock: main.manager.clock, timeLine: main.manager.timeLine },
    branch: { id: branch.id, name: branch.name },
    // Lines share one, which the main line makes.
    proverFor: () => null,
    store,
    catalog,
    textArray: (names) => textArray(names, context),
    reopenStructures: (before, changes) => reopenStructures(store, before, changes),
    endStructures: (before, after, seq) => endStructures(store, before, after, seq),
  });
  manager.onPublish = (seq) => main.manager.onPublish?.(seq);
  manager.turn = () => main.manager.turn?.() ?? null;
  return derived(main, { store, manager, line: { branch, main } });
}

/** The main line's core with some parts of its own. */
function derived(main: Core, own: Pick<Core, 'store' | 'manager' | 'line'>): Core {
  const shared = Object.fromEntries(
    SHARED.map((name) => [
      name,
      {
        get: () => main[name],
        set: (value: never) => {
          main[name] = value;
        },
      },
    ]),
  );
  return Object.assign(Object.create(main, shared) as Core, own);
}

/** Takes a commit's rows for the table of lines into what is known of lines. */
export function noteLines(main: Core, seq: number, changes: RowChanges): void {
  const list: CatalogChange[] = [];
  for (let entry = 0; entry < changes.count; entry++) {
    const op = changes.ops[entry];
    if (op === OP_NONE) continue;
    const id = Number(changes.keys[entry]);
    const text = op === OP_DELETE ? null : (valueAt(changes.rows[1] as Vector, entry) as string);
    list.push({ id, object: text === null ? null : parseDefinition(text) });
  }
  main.lines.state = main.lines.state.apply(seq, list);
}

/** Commits changes to the table of lines by themselves, on the main line; null takes an object away. */
export function* commitLines(core: Core, list: readonly CatalogChange[], message: string): Task<number> {
  const main = mainOf(core);
  const { manager, store, lines } = main;
  if (!store.has(LINES_TABLE_ID)) store.createTable(specOf(LINES_TABLE, bareContext(main.options, main.sequences)));
  const before = lines.state;
  const transaction = manager.begin();
  transaction.info = { ...transaction.info, message };
  try {
    const writes = transaction.writesFor(LINES_TABLE_ID, store.table(LINES_TABLE_ID).columns);
    for (const { id, object } of list)
      if (object === null) writes.delete(id, true);
      else writes.put(id, [id, JSON.stringify(object)], before.byId(id) !== undefined, null);
    const rows = writes.changes();
    const seq = yield* manager.commit(transaction);
    assert(seq !== null, 'a change of lines without effect');
    noteLines(main, seq, rows);
    yield* removeDropped(store, before, lines.state);
    return seq;
  } catch (error) {
    manager.rollback(transaction);
    throw error;
  }
}

const CATALOG = { ...LINES_TABLE, id: 1, name: 'objects' };
