/** Runs the statements about branches. They are no part of a transaction: a branch is there for all lines at once. */
import type { Cancellation } from '../../base/cancel.ts';
import { DriftError } from '../../base/error.ts';
import { type Task, wait } from '../../base/task.ts';
import type { CatalogChange } from '../../catalog/catalog.ts';
import type { BranchDef } from '../../catalog/lines.ts';
import type { BranchAction, BranchStatement } from '../../sql/ast-branch.ts';
import type { TimePoint } from '../../sql/ast-query.ts';
import type { ResultSet, SessionApi } from '../api.ts';
import type { Core } from '../core.ts';
import { quoteLiteral } from '../../sql/functions/format-text.ts';
import type { Portals } from '../portal.ts';
import type { PreparedStatements } from '../prepared.ts';
import { insideBlock } from '../session-errors.ts';
import { command } from '../show.ts';
import { branches, branchNamed, commitLines, coreOf, mainOf } from './lines.ts';
import { MAIN } from './main.ts';

/** A session as these statements see it. */
export interface LineSession {
  readonly id: number;
  core: Core;
  readonly open: object | null;
  readonly hasTemporary: boolean;
  readonly settings: { readonly readsOnly: boolean; get(name: string): string | undefined };
  readonly statements: { clear(): void };
  prepared(): PreparedStatements;
  readonly portals: Portals;
  momentTask(point: TimePoint, cancellation: Cancellation): Task<number>;
  another(core: Core): SessionApi;
}

type Action<Do extends BranchAction['do']> = Extract<BranchAction, { do: Do }>;

export function* branch(
  session: LineSession,
  { action, position }: BranchStatement,
  cancellation: Cancellation,
): Task<ResultSet | null> {
  if (action.do === 'resolve' || action.do === 'diff') return null;
  if (action.do === 'merge') return yield* mergeElsewhere(session, action, position);
  if (session.open !== null) throw insideBlock(`${action.do.toUpperCase()} BRANCH`);
  switch (action.do) {
    case 'create':
      return yield* create(session, action, position, cancellation);
    case 'drop':
      return yield* drop(session, action, position);
    case 'use':
      return yield* use(session, action, position);
  }
}

/** MERGE BRANCH b INTO another line than the session's: in a session of its own, which signs as this one does. */
function* mergeElsewhere(
  session: LineSession,
  { source, into }: Action<'merge'>,
  position: number,
): Task<ResultSet | null> {
  const target = into === undefined ? session.core.line?.branch : branchNamed(session.core, into, position);
  if (target?.id === session.core.line?.branch.id) return null;
  if (session.open !== null) throw insideBlock('MERGE BRANCH … INTO another branch');
  refuseReadOnly(session, 'MERGE BRANCH');
  const other = session.another(yield* coreOf(session.core, target));
  try {
    for (const name of ['drift.author', 'drift.message', 'drift.metadata']) {
      const value = session.settings.get(name) ?? '';
      if (value !== '') yield* wait(other.execute(`SET ${name} = ${quoteLiteral(value)}`));
    }
    return yield* wait(other.execute(`MERGE BRANCH ${quoteLiteral(source)}`));
  } finally {
    yield* wait(other.close());
  }
}

function* create(
  session: LineSession,
  { name, ifNotExists, parent, at }: Action<'create'>,
  position: number,
  cancellation: Cancellation,
): Task<ResultSet> {
  const { core } = session;
  refuseReadOnly(session, 'CREATE BRANCH');
  const from = parent === undefined ? core.line?.branch : branchNamed(core, parent, position);
  const line = yield* coreOf(core, from);
  const seq = at === undefined ? line.manager.published : yield* session.momentTask(at, cancellation);
  const main = mainOf(core);
  if (name === MAIN || main.lines.state.tag(name) !== undefined || making.has(main, name)) {
    if (ifNotExists)
      return {
        ...command('CREATE BRANCH'),
        notices: [{ severity: 'NOTICE', code: '42710', message: `branch "${name}" already exists, skipping` }],
      };
    throw new DriftError('42710', `branch "${name}" already exists`, { position });
  }
  making.add(main, name);
  try {
    const made: BranchDef = { kind: 'tag', id: main.nextObjectId++, name, seq, parent: from?.id ?? 0 };
    yield* commitLines(core, [{ id: made.id, object: made }], `create branch ${name}`);
  } finally {
    making.delete(main, name);
  }
  return command('CREATE BRANCH');
}

function* drop(session: LineSession, { name, ifExists }: Action<'drop'>, position: number): Task<ResultSet> {
  const { core } = session;
  refuseReadOnly(session, 'DROP BRANCH');
  if (name === MAIN) throw new DriftError('0A000', 'the main line cannot be dropped', { position });
  const found = core.lines.state.tag(name) as BranchDef | undefined;
  if (found === undefined) {
    if (!ifExists) throw new DriftError('42704', `branch "${name}" does not exist`, { position });
    const message = `branch "${name}" does not exist, skipping`;
    return { ...command('DROP BRANCH'), notices: [{ severity: 'NOTICE', code: '00000', message }] };
  }
  const children = branches(core).filter(({ parent }) => parent === found.id);
  if (children.length > 0)
    throw new DriftError('2BP01', `cannot drop branch "${name}" because other branches depend on it`, {
      position,
      detail: children.map((child) => `branch "${child.name}" depends on branch "${name}"`).join('\n'),
    });
  for (const other of core.sessions.values())
    if (other.core.line?.branch.id === found.id)
      throw new DriftError(
        '55006',
        `branch "${name}" is being used by ${other.id === session.id ? 'this session' : 'other sessions'}`,
        {
          position,
          hint: 'USE BRANCH main leaves it.',
        },
      );
  const gone: CatalogChange[] = [{ id: found.id, object: null }];
  for (const object of core.lines.state.objects())
    if ('line' in object && object.line === found.id) gone.push({ id: object.id, object: null });
  const main = mainOf(core);
  making.add(main, name);
  try {
    yield* commitLines(core, gone, `drop branch ${name}`);
    main.lines.open.delete(found.id);
  } finally {
    making.delete(main, name);
  }
  return command('DROP BRANCH');
}

function* use(session: LineSession, { name }: Action<'use'>, position: number): Task<ResultSet> {
  const found = branchNamed(session.core, name, position);
  if (found?.id === session.core.line?.branch.id) return command('USE BRANCH');
  if (session.hasTemporary)
    throw new DriftError('55000', 'cannot change the branch of a session that has temporary objects', {
      position,
      hint: 'Drop them with DISCARD TEMP in a new session, or use another session for the branch.',
    });
  const main = mainOf(session.core);
  const core = yield* coreOf(session.core, found);
  if (making.has(main, name) || (found !== undefined && main.lines.state.byId(found.id) === undefined))
    throw new DriftError('55006', `branch "${name}" is being dropped`, { position });
  session.core = core;
  session.statements.clear();
  session.prepared().deallocate(undefined, 0);
  session.portals.clear();
  return command('USE BRANCH');
}

function refuseReadOnly({ settings }: LineSession, what: string): void {
  if (settings.readsOnly) throw new DriftError('25006', `cannot execute ${what} in a read-only transaction`);
}

/** Names of branches that are being made or dropped, by database. */
class Names {
  readonly #names = new WeakMap<Core, Set<string>>();

  has(core: Core, name: string): boolean {
    return this.#names.get(core)?.has(name) === true;
  }

  add(core: Core, name: string): void {
    const names = this.#names.get(core);
    if (names === undefined) this.#names.set(core, new Set([name]));
    else names.add(name);
  }

  delete(core: Core, name: string): void {
    this.#names.get(core)?.delete(name);
  }
}
const making = new Names();
