/**
 * CHECK DATABASE: reads everything there is and tells what does not hold; changes nothing.
 *
 * For every table, dropped ones too, and its indexes: the checksums of all segments, the order of leaves, tiles and keys,
 * the intervals of all versions (table/check-tree.ts). For what the present catalog has: each index against its table,
 * unique keys, NOT NULL, CHECK and FOREIGN KEY. Indexes of the past at some moments (check-past.ts). And the manifest, the log and the files (check-files.ts). Commits may go on
 * meanwhile.
 *
 * The result has a row for each thing that was looked at: object, kind (table, index, constraint, file), versions and
 * segments read, and the problem, null where there is none. A thing with several problems has several rows.
 */
import { DriftError } from '../base/error.ts';
import { PAUSE, type Task, wait } from '../base/task.ts';
import { isNull, type Value } from '../base/vector.ts';
import type { LineTableDef } from '../catalog/lines.ts';
import type { TableDef } from '../catalog/schema.ts';
import { compareIndex } from '../table/check-index.ts';
import type { TreeFindings } from '../table/check-tree.ts';
import type { VersionedTree } from '../table/table.ts';
import { vectorFromValues } from '../exec/vectors.ts';
import type { ResultSet } from './api.ts';
import type { Core } from './core.ts';
import { checkFiles } from './check-files.ts';
import { checkPast } from './check-past.ts';
import { branches, coreOf } from './branch/lines.ts';
import { dataTables } from './branch/three-way.ts';
import { ddlContext, withCatalog } from './definition.ts';
import { refuseOrphanRows } from './ddl/foreign-rows.ts';
import { refuseOverlaps } from './ddl/period.ts';
import { refuseViolatingRows } from './ddl/validate.ts';
import { indexSpecOf } from './specs.ts';
import type { Scene } from './statement.ts';

interface Finding {
  readonly object: string;
  readonly kind: 'table' | 'index' | 'constraint' | 'file';
  readonly versions: number | null;
  readonly segments: number | null;
  readonly problem: string | null;
}

/** More problems of one thing than this are counted only. */
const MAX_PROBLEMS = 20;
const TEXT = 25;
const INT8 = 20;

export function* checkDatabase(scene: Scene): Task<ResultSet> {
  return yield* besideNothing(scene.core, () => check(scene));
}

/** Background work moves segments between files while a check reads them: it waits. */
function* besideNothing<T>(core: Core, work: () => Task<T>): Task<T> {
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const begun = new Promise<void>((resolve, reject) => {
    const quiet = core.alone(() => {
      resolve();
      return ended;
    });
    quiet.catch(reject);
  });
  try {
    yield* wait(begun);
    return yield* work();
  } finally {
    end();
  }
}

function* check(scene: Scene): Task<ResultSet> {
  const { store, manager, options } = scene.core;
  const findings: Finding[] = [];
  // The files first: whoever opens a missing one makes it.
  const files = { storage: options.storage, store, host: scene.core.host, published: scene.transaction.snapshot };
  for (const { file, segments, problem } of yield* checkFiles(files))
    findings.push({ object: file, kind: 'file', versions: null, segments, problem });
  const present = new Set(yield* wait(options.storage.list()));
  // One that is being applied has versions already.
  const newest = (): number => manager.appliedSeq + (manager.commitTurn.taken === null ? 0 : 1);
  const context = { newest, files: present };
  const sound = new Set<number>();
  yield* store.describe(null);
  for (const id of store.ids()) {
    const def = scene.eval.catalog.byId(id);
    const table = def?.kind === 'table' ? def : undefined;
    const name = table === undefined ? nameOfSystemTable(id, scene) : `${table.schema}.${table.name}`;
    let isSound = true;
    for (const { indexId, found } of yield* store.check(id, context)) {
      const index = table?.indexes.find((candidate) => candidate.id === indexId);
      const object = indexId === null ? name : (index?.name ?? `an index of ${name} that was dropped`);
      findings.push(...ofTree(object, indexId === null ? 'table' : 'index', found));
      isSound &&= found.problems.length === 0;
    }
    // What rests on a damaged tree would only repeat its damage.
    if (isSound) sound.add(id);
    if (table !== undefined && isSound) findings.push(...(yield* checkPresent(scene, table)));
  }
  if (scene.core.line === undefined) findings.push(...(yield* checkBranches(scene, sound)));
  // An index that is wrong now was wrong before.
  const told = new Set(findings.flatMap(({ object, problem }) => (problem === null ? [] : [object])));
  for (const { index, problem } of yield* checkPast(scene, sound))
    if (!told.has(index)) findings.push({ object: index, kind: 'index', versions: null, segments: null, problem });
  return resultOf(findings);
}

/** What the newest catalogs of the branches say of their rows. */
function* checkBranches(scene: Scene, sound: ReadonlySet<number>): Task<Finding[]> {
  const findings: Finding[] = [];
  for (const branch of branches(scene.core)) {
    const core = yield* coreOf(scene.core, branch);
    const transaction = core.manager.begin({ readOnly: true });
    try {
      const there = withCatalog({ ...scene, core, transaction });
      for (const table of dataTables(transaction.catalog)) {
        const held = [...core.lines.state.objects()].filter((object) => 'of' in object && object.of === table.id);
        if (!held.every(({ id }) => sound.has(id) || !scene.core.store.has(id))) continue;
        for (const finding of yield* checkPresent(there, table))
          findings.push({ ...finding, object: `${finding.object} on branch ${branch.name}` });
      }
    } finally {
      core.manager.rollback(transaction);
    }
  }
  return findings;
}

function nameOfSystemTable(id: number, scene: Scene): string {
  const object = scene.eval.catalog.byId(id) ?? scene.core.lines.state.byId(id);
  if (object !== undefined && 'line' in object) {
    const { name, line, role } = object as LineTableDef;
    const branch = scene.core.lines.state.byId(line);
    return `${name} on branch ${branch?.kind === 'tag' ? branch.name : line} (${role})`;
  }
  return object !== undefined && 'name' in object ? object.name : `table ${id}`;
}

function ofTree(object: string, kind: Finding['kind'], { problems, versions, segments }: TreeFindings): Finding[] {
  const told = problems.slice(0, MAX_PROBLEMS);
  if (problems.length > told.length) told.push(`and ${problems.length - told.length} more problems`);
  return (told.length === 0 ? [null] : told).map((problem) => ({ object, kind, versions, segments, problem }));
}

/** What the catalog of the statement's snapshot says of a table's rows. */
function* checkPresent(scene: Scene, table: TableDef): Task<Finding[]> {
  const findings: Finding[] = [];
  const { store } = scene.core;
  const seq = scene.transaction.snapshot;
  const stored = store.table(table.id);
  for (const index of table.indexes) {
    const problem = yield* compareIndex(stored, index.id, seq, indexSpecOf(index));
    if (problem !== null) findings.push({ object: index.name, kind: 'index', versions: null, segments: null, problem });
  }
  const constraint = (name: string, problem: string | null): void => {
    findings.push({ object: `${table.name}.${name}`, kind: 'constraint', versions: null, segments: null, problem });
  };
  const required = table.columns.filter(({ notNull }) => notNull);
  for (const name of yield* columnsWithNulls(stored, required, seq)) constraint(name, 'a row has no value');
  const context = ddlContext(scene);
  for (const index of table.indexes) {
    if (index.withoutOverlaps === undefined) continue;
    const overlapping = (yield* violation(refuseOverlaps(context, table, index))) !== null;
    constraint(index.name, overlapping ? 'two rows of one key overlap' : null);
  }
  for (const check of table.checks)
    if (check.notValid !== true) constraint(check.name, yield* violation(refuseViolatingRows(context, table, check)));
  for (const key of table.foreignKeys)
    if (key.notValid !== true) constraint(key.name, yield* violation(refuseOrphanRows(context, table, key)));
  return findings;
}

/** The message of a violated constraint, or null. */
function* violation(check: Task<void>): Task<string | null> {
  try {
    yield* check;
    return null;
  } catch (error) {
    if (error instanceof DriftError && error.code.startsWith('23')) return error.message;
    throw error;
  }
}

function* columnsWithNulls(table: VersionedTree, required: TableDef['columns'], seq: number): Task<Set<string>> {
  const names = new Set<string>();
  if (required.length === 0) return names;
  const scan = table.scan({ seq, columns: required.map(({ id }) => id) });
  try {
    for (let batch = yield* scan.next(); batch !== null; batch = yield* scan.next()) {
      for (let k = 0; k < batch.count; k++) {
        const row = batch.selection === null ? k : (batch.selection[k] as number);
        required.forEach(({ name }, i) => {
          if (isNull(batch.columns[i] as (typeof batch.columns)[number], row)) names.add(name);
        });
      }
      yield PAUSE;
    }
  } finally {
    scan.close();
  }
  return names;
}

function resultOf(findings: readonly Finding[]): ResultSet {
  const column = (name: string, oid: number): ResultSet['fields'][number] => ({
    name,
    dataTypeID: oid,
    typeModifier: -1,
    tableID: 0,
    columnID: 0,
  });
  const texts = (of: (finding: Finding) => Value): ReturnType<typeof vectorFromValues> =>
    vectorFromValues(findings.map(of), TEXT);
  const numbers = (of: (finding: Finding) => Value): ReturnType<typeof vectorFromValues> =>
    vectorFromValues(findings.map(of), INT8);
  return {
    command: 'CHECK DATABASE',
    fields: [
      column('object', TEXT),
      column('kind', TEXT),
      column('versions', INT8),
      column('segments', INT8),
      column('problem', TEXT),
    ],
    columns: [
      texts(({ object }) => object),
      texts(({ kind }) => kind),
      numbers(({ versions }) => versions),
      numbers(({ segments }) => segments),
      texts(({ problem }) => problem),
    ],
    rowCount: findings.length,
    affectedRows: null,
  };
}
