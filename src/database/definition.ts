/** Data definition and the bulk statements built on queries: dispatch to ddl/*, and the answers' command tags. */
import { DriftError } from '../base/error.ts';
import type { Task } from '../base/task.ts';
import { valueAt, type Value } from '../base/vector.ts';
import { bindMoment, isBindable } from '../plan/bind.ts';
import type { CreateSchema, Statement } from '../sql/ast-statement.ts';
import type { EvalContext } from '../sql/eval-context.ts';
import { parseOne } from '../sql/parser/parser.ts';
import type { ResultSet } from './api.ts';
import { createTableAs, refreshMaterializedView, truncate } from './bulk.ts';
import { alterTable } from './ddl/alter-table.ts';
import { alterCollation, createCollation, dropCollations, dropCollationsIn, renameCollation } from './ddl/collation.ts';
import { commentOn } from './ddl/comment.ts';
import type { DdlContext } from './ddl/context.ts';
import { createIndex } from './ddl/create-index.ts';
import { createTable } from './ddl/create-table.ts';
import { drop } from './ddl/drop.ts';
import { alterSequence, createSchema, createSequence, createTag, dropTag, rename, setSchema } from './ddl/objects.ts';
import { createAggregate } from './ddl/aggregate.ts';
import { alterRoutine, createRoutine } from './ddl/routine.ts';
import { isRoutineKind } from './ddl/routine-kind.ts';
import { alterDomain, createDomain } from './ddl/domain.ts';
import {
  alterComposite,
  alterEnum,
  createCompositeType,
  createEnum,
  renameType,
  setTypeSchema,
} from './ddl/type-definition.ts';
import { dropTypes, dropTypesIn } from './ddl/type-drop.ts';
import { createRangeType } from './ddl/range-type.ts';
import { createTrigger } from './ddl/trigger.ts';
import { alterOwner } from './ddl/owner.ts';
import { alterRole, createRole, grant } from './ddl/role.ts';
import { undropTable } from './ddl/undrop.ts';
import { createView } from './ddl/view.ts';
import { firing } from '../exec/modify/triggers.ts';
import { bindWhen } from './routine/trigger.ts';
import { checkRoutine } from './routine/check.ts';
import { command } from './show.ts';
import { bindContextOf, planOf, runPlan, type Scene } from './statement.ts';

const KINDS = [
  'createTable',
  'createTableAs',
  'refreshMaterializedView',
  'alterTable',
  'drop',
  'createIndex',
  'createCollation',
  'alterCollation',
  'createSequence',
  'alterSequence',
  'createView',
  'createSchema',
  'rename',
  'truncate',
  'comment',
  'setSchema',
  'undropTable',
  'createTag',
  'dropTag',
  'createFunction',
  'alterFunction',
  'createAggregate',
  'createTrigger',
  'createEnum',
  'createCompositeType',
  'createRangeType',
  'createDomain',
  'alterEnum',
  'alterComposite',
  'alterDomain',
  'createRole',
  'alterRole',
  'alterOwner',
  'grant',
  'revoke',
] as const;
type Definition = Extract<Statement, { kind: (typeof KINDS)[number] }>;

export function isDefinition(statement: Statement): statement is Definition {
  return (KINDS as readonly string[]).includes(statement.kind);
}

export function* runDefinition(scene: Scene, statement: Definition): Task<ResultSet> {
  const context = ddlContext(scene);
  const tag = yield* dispatch(context, statement);
  const result = typeof tag === 'string' ? command(tag) : tag;
  return context.notices.length === 0 ? result : { ...result, notices: context.notices };
}

function* dispatch(context: DdlContext, statement: Definition): Task<string | ResultSet> {
  switch (statement.kind) {
    case 'createTable':
      yield* createTable(context, statement);
      return 'CREATE TABLE';
    case 'createTableAs':
      return {
        ...command(
          statement.materializedView ? 'CREATE MATERIALIZED VIEW' : statement.withData ? 'SELECT' : 'CREATE TABLE AS',
        ),
        affectedRows: yield* createTableAs(context, statement),
      };
    case 'refreshMaterializedView':
      yield* refreshMaterializedView(context, statement);
      return 'REFRESH MATERIALIZED VIEW';
    case 'alterTable':
      yield* alterTable(context, statement);
      return 'ALTER TABLE';
    case 'createEnum':
      createEnum(context, statement);
      return 'CREATE TYPE';
    case 'createCompositeType':
      createCompositeType(context, statement);
      return 'CREATE TYPE';
    case 'createRangeType':
      createRangeType(context, statement);
      return 'CREATE TYPE';
    case 'createDomain':
      createDomain(context, statement);
      return 'CREATE DOMAIN';
    case 'alterEnum':
      alterEnum(context, statement);
      return 'ALTER TYPE';
    case 'alterComposite':
      yield* alterComposite(context, statement);
      return 'ALTER TYPE';
    case 'createRole':
      createRole(context, statement);
      return 'CREATE ROLE';
    case 'alterRole':
      alterRole(context, statement);
      return 'ALTER ROLE';
    case 'alterOwner':
      alterOwner(context, statement);
      return `ALTER ${statement.object.toUpperCase()}`;
    case 'grant':
    case 'revoke': {
      grant(context, statement);
      const tag = statement.kind.toUpperCase();
      return statement.roles === undefined ? tag : `${tag} ROLE`;
    }
    case 'alterDomain':
      yield* alterDomain(context, statement);
      return 'ALTER DOMAIN';
    case 'drop':
      if (statement.object === 'type' || statement.object === 'domain') {
        yield* dropTypes(context, statement);
        return `DROP ${statement.object.toUpperCase()}`;
      }
      if (statement.object === 'collation') {
        yield* dropCollations(context, statement);
        return 'DROP COLLATION';
      }
      if (statement.object === 'schema' && statement.cascade)
        for (const { name } of statement.names) {
          yield* dropTypesIn(context, name.name);
          yield* dropCollationsIn(context, name.name);
        }
      drop(context, statement);
      return `DROP ${statement.object === 'materializedView' ? 'MATERIALIZED VIEW' : statement.object.toUpperCase()}`;
    case 'createCollation':
      createCollation(context, statement);
      return 'CREATE COLLATION';
    case 'alterCollation':
      alterCollation(context, statement);
      return 'ALTER COLLATION';
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
      if (createSchema(context, statement)) yield* schemaElements(context, statement);
      return 'CREATE SCHEMA';
    case 'rename':
      if (statement.object === 'type' || statement.object === 'domain') {
        renameType(context, statement);
        return `ALTER ${statement.object.toUpperCase()}`;
      }
      if (statement.object === 'collation') {
        renameCollation(context, statement.name.name, { name: statement.newName });
        return 'ALTER COLLATION';
      }
      yield* rename(context, statement);
      return isRoutineKind(statement.object) || statement.object === 'trigger'
        ? `ALTER ${statement.object.toUpperCase()}`
        : 'ALTER TABLE';
    case 'comment':
      commentOn(context, statement);
      return 'COMMENT';
    case 'setSchema':
      if (statement.object === 'type' || statement.object === 'domain') setTypeSchema(context, statement);
      else if (statement.object === 'collation')
        renameCollation(context, statement.name.name, { schema: statement.schema });
      else yield* setSchema(context, statement);
      return `ALTER ${statement.object.toUpperCase()}`;
    case 'truncate':
      yield* truncate(context, statement);
      return 'TRUNCATE TABLE';
    case 'undropTable':
      yield* undropTable(context, statement);
      return 'UNDROP TABLE';
    case 'createTag':
      yield* createTag(context, statement);
      return 'CREATE TAG';
    case 'dropTag':
      dropTag(context, statement);
      return 'DROP TAG';
    case 'createFunction':
      yield* createRoutine(context, statement);
      return `CREATE ${statement.procedure ? 'PROCEDURE' : 'FUNCTION'}`;
    case 'createAggregate':
      createAggregate(context, statement);
      return 'CREATE AGGREGATE';
    case 'createTrigger':
      createTrigger(context, statement);
      return 'CREATE TRIGGER';
    case 'alterFunction':
      alterRoutine(context, statement);
      return `ALTER ${statement.object.toUpperCase()}`;
  }
}

/** What CREATE SCHEMA makes along with the schema: its bare names are looked for in it first. */
function* schemaElements(context: DdlContext, statement: CreateSchema): Task<void> {
  const name = statement.name ?? statement.authorization ?? '';
  const { path } = context.transaction.catalog;
  context.transaction.usePath([name, ...path]);
  const order = ['createSequence', 'createTable', 'createView', 'createIndex'];
  const ordered = statement.elements.toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
  const now = Object.create(context.eval, { catalog: { get: () => context.transaction.catalog } }) as EvalContext;
  for (const element of ordered) {
    const inside = 'name' in element && typeof element.name === 'object' ? element.name : undefined;
    if (inside !== undefined && 'schema' in inside && inside.schema !== undefined && inside.schema !== name) {
      const message = `CREATE specifies a schema (${inside.schema}) different from the one being created (${name})`;
      throw new DriftError('42P15', message, { position: element.position });
    }
    if (!isDefinition(element))
      throw new DriftError('0A000', 'this element of CREATE SCHEMA is not supported', { position: element.position });
    const bind = { ...context.bind, catalog: context.transaction.catalog, eval: now };
    yield* dispatch({ ...context, eval: now, bind }, element);
  }
  context.transaction.usePath(path);
}

export function ddlContext(scene: Scene): DdlContext {
  const { core } = scene;
  return {
    transaction: scene.transaction,
    notices: [],
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
    *run(sql) {
      return (yield* runQuery(scene, sql)).affectedRows ?? 0;
    },
    reader: () => core.manager.reader(scene.transaction, null),
    checkRoutine: (def) => checkRoutine(withCatalog(scene), def),
    *fireTruncate(table, time) {
      const occasion = { table, event: 'truncate', assigned: [] } as const;
      for (const trigger of firing(table, time, 'truncate', false))
        yield* scene.routines.triggers(scene).plain(trigger, occasion, { old: null, now: null, all: null });
    },
    checkWhen: (when, table) => void bindWhen(withCatalog(scene), when, table),
    tempSchema() {
      const name = scene.useTemporary();
      if (scene.transaction.catalog.schema(name) === undefined)
        scene.transaction.changeCatalog([
          { id: core.nextObjectId, object: { kind: 'schema', id: core.nextObjectId++, name } },
        ]);
      scene.transaction.useTemporary(name);
      return name;
    },
    *describe(query) {
      const plan = yield* planOf(withCatalog(scene), query);
      return (plan.fields ?? []).map(({ name, type }) => ({
        name,
        oid: type.oid,
        typmod: type.typmod,
        collation: type.collation,
      }));
    },
    *resolveMoment(point) {
      const bind = bindContextOf(scene);
      return yield* bind.resolveMoment(bindMoment(point, bind));
    },
  };
}

/** The scene under the transaction's catalog as it is now: definitions change it on the way. */
export function withCatalog(scene: Scene): Scene {
  return {
    ...scene,
    eval: Object.create(scene.eval, { catalog: { value: scene.transaction.catalog } }) as Scene['eval'],
  };
}

function* runQuery(scene: Scene, sql: string): Task<ResultSet> {
  const statement = parseOne(sql);
  if (!isBindable(statement)) {
    throw new DriftError('XX000', `a definition ran an unexpected statement: ${statement.kind}`);
  }
  const now = withCatalog(scene);
  return yield* runPlan(now, yield* planOf(now, statement));
}
