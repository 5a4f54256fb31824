/** Data definition and the bulk statements built on queries: dispatch to ddl/*, and the answers' command tags. */
import { DriftError } from '../base/error.ts';
import type { Task } from '../base/task.ts';
import { valueAt, type Value } from '../base/vector.ts';
import { bindMoment } from '../plan/bind.ts';
import type { CreateTableAs, Statement, Truncate } from '../sql/ast-statement.ts';
import { parseOne } from '../sql/parser/parser.ts';
import { printStatement } from '../sql/parser/print.ts';
import type { ResultSet } from './api.ts';
import { alterTable } from './ddl/alter-table.ts';
import { commentOn } from './ddl/comment.ts';
import { type DdlContext, refuseTaken, schemaFor, tableNamed } from './ddl/context.ts';
import { createIndex } from './ddl/create-index.ts';
import { createTable, draftOf, makeTable } from './ddl/create-table.ts';
import { tableText } from './ddl/names.ts';
import {
  alterSequence,
  createSchema,
  createSequence,
  createTag,
  createView,
  drop,
  dropTag,
  rename,
  setSchema,
} from './ddl/objects.ts';
import { bindContextOf, planOf, runPlan, type Scene } from './statement.ts';

const KINDS = [
  'createTable',
  'createTableAs',
  'alterTable',
  'drop',
  'createIndex',
  'createSequence',
  'alterSequence',
  'createView',
  'createSchema',
  'rename',
  'truncate',
  'comment',
  'setSchema',
  'createTag',
  'dropTag',
] as const;
type Definition = Extract<Statement, { kind: (typeof KINDS)[number] }>;

export function isDefinition(statement: Statement): statement is Definition {
  return (KINDS as readonly string[]).includes(statement.kind);
}

export function* runDefinition(scene: Scene, statement: Definition): Task<ResultSet> {
  const context = ddlContext(scene);
  const tag = yield* dispatch(context, scene, statement);
  return typeof tag === 'string' ? { command: tag, fields: [], columns: [], rowCount: 0, affectedRows: null } : tag;
}

function* dispatch(context: DdlContext, scene: Scene, statement: Definition): Task<string | ResultSet> {
  switch (statement.kind) {
    case 'createTable':
      if (statement.persistence === 'temporary')
        throw new DriftError('0A000', 'temporary tables are not supported yet', { position: statement.position });
      yield* createTable(context, statement);
      return 'CREATE TABLE';
    case 'createTableAs':
      return yield* createTableAs(context, scene, statement);
    case 'alterTable':
      yield* alterTable(context, statement);
      return 'ALTER TABLE';
    case 'drop':
      drop(context, statement);
      return `DROP ${statement.object.toUpperCase()}`;
    case 'createIndex':
      yield* createIndex(context, statement);
      return 'CREATE INDEX';
    case 'createSequence':
      createSequence(context, statement);
      return 'CREATE SEQUENCE';
    case 'alterSequence':
      alterSequence(context, statement);
      return 'ALTER SEQUENCE';
    case 'createView':
      yield* createView(context, statement);
      return 'CREATE VIEW';
    case 'createSchema':
      createSchema(context, statement);
      return 'CREATE SCHEMA';
    case 'rename':
      rename(context, statement);
      return 'ALTER TABLE';
    case 'comment':
      commentOn(context, statement);
      return 'COMMENT';
    case 'setSchema':
      setSchema(context, statement);
      return `ALTER ${statement.object.toUpperCase()}`;
    case 'truncate':
      yield* truncate(context, scene, statement);
      return 'TRUNCATE TABLE';
    case 'createTag':
      yield* createTag(context, statement);
      return 'CREATE TAG';
    case 'dropTag':
      dropTag(context, statement);
      return 'DROP TAG';
  }
}

function ddlContext(scene: Scene): DdlContext {
  const { core } = scene;
  return {
    transaction: scene.transaction,
    store: core.store,
    host: core.host,
    eval: scene.eval,
    bind: bindContextOf(scene),
    lastSeq: core.manager.appliedSeq,
    nextId: () => core.nextObjectId++,
    restart: (sequence, value) => core.sequences.set(sequence, BigInt(value ?? sequence.start), false),
    *query(sql) {
      const result = yield* runQuery(scene, sql);
      const rows: Value[][] = [];
      for (let row = 0; row < result.rowCount; row++) rows.push(result.columns.map((column) => valueAt(column, row)));
      return rows;
    },
    *describe(query) {
      const plan = yield* planOf(withCatalog(scene), query);
      return (plan.fields ?? []).map(({ name, type }) => ({ name, oid: type.oid, typmod: type.typmod }));
    },
    *resolveMoment(point) {
      const bind = bindContextOf(scene);
      return yield* bind.resolveMoment(bindMoment(point, bind));
    },
  };
}

/** The scene under the transaction's catalog as it is now: definitions change it on the way. */
function withCatalog(scene: Scene): Scene {
  return {
    ...scene,
    eval: Object.create(scene.eval, { catalog: { value: scene.transaction.catalog } }) as Scene['eval'],
  };
}

function* runQuery(scene: Scene, sql: string): Task<ResultSet> {
  const statement = parseOne(sql);
  if (
    statement.kind !== 'query' &&
    statement.kind !== 'insert' &&
    statement.kind !== 'update' &&
    statement.kind !== 'delete'
  ) {
    throw new DriftError('XX000', `a definition ran an unexpected statement: ${statement.kind}`);
  }
  const now = withCatalog(scene);
  return yield* runPlan(now, yield* planOf(now, statement));
}

function* createTableAs(context: DdlContext, scene: Scene, statement: CreateTableAs): Task<string | ResultSet> {
  const { name, query } = statement;
  if (statement.materializedView || query.kind !== 'query')
    throw new DriftError('0A000', 'this form of CREATE … AS is not supported yet');
  const schema = schemaFor(context, name);
  if (statement.ifNotExists && scene.transaction.catalog.relation(schema, name.name) !== undefined)
    return 'CREATE TABLE AS';
  refuseTaken(context, schema, name.name, name.position);
  const fields = yield* context.describe(query);
  const columns = fields.map((field, id) => ({
    id,
    name: statement.columns?.[id] ?? field.name,
    type: { oid: field.oid === UNKNOWN ? TEXT : field.oid, typmod: field.typmod },
    notNull: false,
  }));
  yield* makeTable(context, draftOf({ id: context.nextId(), schema, name: name.name }, columns), []);
  if (!statement.withData) return 'CREATE TABLE AS';
  const result = yield* runQuery(
    scene,
    `INSERT INTO ${tableText({ schema, name: name.name })} ${printStatement(query)}`,
  );
  return { ...result, command: 'SELECT' };
}

const UNKNOWN = 705;
const TEXT = 25;

/** TRUNCATE closes the current versions of all rows; their history stays, as everywhere. */
function* truncate(context: DdlContext, scene: Scene, statement: Truncate): Task<void> {
  const tables = statement.tables.map((name) => tableNamed(context, name));
  for (const object of scene.transaction.catalog.objects()) {
    if (object.kind !== 'table' || tables.includes(object)) continue;
    const key = object.foreignKeys.find((candidate) => tables.some((table) => table.id === candidate.foreignTableId));
    if (key === undefined) continue;
    if (!statement.cascade) {
      throw new DriftError('0A000', 'cannot truncate a table referenced in a foreign key constraint', {
        detail: `Table "${object.name}" references one of the tables.`,
        hint: 'Truncate it at the same time, or use TRUNCATE ... CASCADE.',
      });
    }
    tables.push(object);
  }
  for (const table of tables.toReversed()) {
    yield* runQuery(scene, `DELETE FROM ${tableText(table)}`);
    if (!statement.restartIdentity) continue;
    for (const column of table.columns) {
      const sequence = column.sequenceId === undefined ? undefined : scene.transaction.catalog.byId(column.sequenceId);
      if (sequence?.kind === 'sequence') scene.core.sequences.set(sequence, BigInt(sequence.start), false);
    }
  }
}
