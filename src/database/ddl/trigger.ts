/** CREATE, ALTER and DROP TRIGGER. A trigger is part of its table's definition, or its view's. */
import { DriftError } from '../../base/error.ts';
import type { RoutineDef, TableDef, TriggerDef, ViewDef } from '../../catalog/schema.ts';
import type { QualifiedName } from '../../sql/ast.ts';
import type { CreateTrigger } from '../../sql/ast-statement.ts';
import type { DropStatement, ObjectName } from '../../sql/ast-table.ts';
import { printExpression } from '../../sql/parser/print.ts';
import { columnNamed } from './draft.ts';
import { type DdlContext, define, relationNamed, skipMissing, tableNamed, undefinedTable } from './context.ts';

const TRIGGER = 2279;

export function createTrigger(context: DdlContext, statement: CreateTrigger): void {
  const relation = relationWithTriggers(context, statement.table);
  checkKind(statement, relation);
  const routine = triggerFunction(context, statement.function);
  const same = relation.triggers?.find(({ name }) => name === statement.name);
  if (same !== undefined && !statement.orReplace)
    throw new DriftError('42710', `trigger "${statement.name}" for relation "${relation.name}" already exists`);
  const when = statement.when === undefined ? undefined : printExpression(statement.when);
  if (when !== undefined) checkWhen(context, statement, relation, when);
  const transition = (which: 'old' | 'new'): string | undefined =>
    statement.transitions.find((candidate) => candidate.which === which)?.name;
  const { timing } = statement;
  const trigger: TriggerDef = {
    id: same?.id ?? context.nextId(),
    name: statement.name,
    time: statement.time,
    events: statement.events.map(({ event }) => event),
    columns: statement.events.flatMap(({ columns }) => columns.map((name) => columnOf(relation, name))),
    row: statement.forEachRow,
    when,
    routineId: routine.id,
    args: statement.args,
    oldTable: transition('old'),
    newTable: transition('new'),
    constraint: statement.constraint || undefined,
    deferrable: timing.deferrable ? (timing.initiallyDeferred ? 'deferred' : 'immediate') : undefined,
  };
  redefine(context, relation, [...(relation.triggers ?? []).filter((old) => old !== same), trigger]);
}

function redefine(context: DdlContext, relation: TableDef | ViewDef, triggers: readonly TriggerDef[]): void {
  const sorted = triggers.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  define(context, { ...relation, triggers: sorted.length === 0 ? undefined : sorted });
}

function relationWithTriggers(context: DdlContext, name: QualifiedName): TableDef | ViewDef {
  const found = relationNamed(context, name);
  if (found === undefined) throw undefinedTable(context, name);
  if (found.kind === 'view') return found;
  if (found.kind === 'sequence' || found.materialized !== undefined)
    throw new DriftError('42809', `relation "${found.name}" cannot have triggers`, { position: name.position });
  return tableNamed(context, name);
}

function triggerFunction(context: DdlContext, name: QualifiedName): RoutineDef {
  const found = context.transaction.catalog
    .routines(name.schema, name.name)
    .find((def) => !def.procedure && def.args.length === 0);
  if (found === undefined)
    throw new DriftError('42883', `function ${name.name}() does not exist`, { position: name.position });
  if (found.returns.oid !== TRIGGER) throw new DriftError('42P17', `function ${name.name} must return type trigger`);
  return found;
}

function checkKind(statement: CreateTrigger, relation: TableDef | ViewDef): void {
  const { time, forEachRow, events } = statement;
  const kind = (detail: string): never => {
    throw new DriftError('42809', `"${relation.name}" is a ${relation.kind}`, { detail });
  };
  if (relation.kind === 'table' && time === 'instead of') kind('Tables cannot have INSTEAD OF triggers.');
  if (relation.kind === 'view' && time !== 'instead of' && forEachRow)
    kind('Views cannot have row-level BEFORE or AFTER triggers.');
  if (relation.kind === 'view' && events.some(({ event }) => event === 'truncate'))
    kind('Views cannot have TRUNCATE triggers.');
  const refuse = (message: string): never => {
    throw new DriftError('0A000', message);
  };
  if (time === 'instead of') {
    if (!forEachRow) refuse('INSTEAD OF triggers must be FOR EACH ROW');
    if (statement.when !== undefined) refuse('INSTEAD OF triggers cannot have WHEN conditions');
    if (events.some(({ columns }) => columns.length > 0)) refuse('INSTEAD OF triggers cannot have column lists');
  }
  if (forEachRow && events.some(({ event }) => event === 'truncate'))
    refuse('TRUNCATE FOR EACH ROW triggers are not supported');
  if (statement.constraint && (time !== 'after' || !forEachRow))
    throw new DriftError('42601', 'constraint triggers are AFTER ROW triggers');
  checkTransitions(statement, relation);
}

function checkTransitions({ transitions, time, events }: CreateTrigger, relation: TableDef | ViewDef): void {
  const invalid = (message: string, code = '42P17'): never => {
    throw new DriftError(code, message);
  };
  for (const { which } of transitions) {
    if (relation.kind === 'view') invalid(`"${relation.name}" is a view`, '42809');
    if (time !== 'after') invalid('transition table name can only be specified for an AFTER trigger');
    if (events.some(({ event }) => event === 'truncate'))
      invalid('TRUNCATE triggers with transition tables are not supported', '0A000');
    if (events.length > 1)
      invalid('transition tables cannot be specified for triggers with more than one event', '0A000');
    if (events.some(({ columns }) => columns.length > 0))
      invalid('transition tables cannot be specified for triggers with column lists', '0A000');
    const event = events[0]?.event;
    if (which === 'new' && event === 'delete')
      invalid('NEW TABLE can only be specified for an INSERT or UPDATE trigger');
    if (which === 'old' && event === 'insert')
      invalid('OLD TABLE can only be specified for a DELETE or UPDATE trigger');
  }
}

function checkWhen(context: DdlContext, statement: CreateTrigger, relation: TableDef | ViewDef, when: string): void {
  if (relation.kind !== 'table') return;
  const refuse = (message: string): never => {
    throw new DriftError('42P17', message);
  };
  const uses = (row: 'old' | 'new'): boolean => new RegExp(`(^|[^\\w$.])"?${row}"?\\.`, 'i').test(when);
  if (!statement.forEachRow && (uses('old') || uses('new')))
    refuse("statement trigger's WHEN condition cannot reference column values");
  if (uses('old') && statement.events.some(({ event }) => event === 'insert'))
    refuse("INSERT trigger's WHEN condition cannot reference OLD values");
  if (uses('new') && statement.events.some(({ event }) => event === 'delete'))
    refuse("DELETE trigger's WHEN condition cannot reference NEW values");
  context.checkWhen(when, relation);
}

function columnOf(relation: TableDef | ViewDef, name: string): number {
  const id = relation.kind === 'table' ? columnNamed(relation, name)?.id : relation.columns.indexOf(name);
  if (id === undefined || id < 0)
    throw new DriftError('42703', `column "${name}" of relation "${relation.name}" does not exist`);
  return id;
}

// ---- existing triggers -----------------------------------------------------------------------------------------------

export function dropTriggers(context: DdlContext, statement: DropStatement): void {
  for (const { name, table } of statement.names) {
    const at = table ?? name;
    const relation = relationNamed(context, at);
    if (relation === undefined) {
      if (!statement.ifExists) throw undefinedTable(context, at);
      skipMissing(context, `relation "${at.name}"`);
      continue;
    }
    const triggers = 'triggers' in relation ? (relation.triggers ?? []) : [];
    const found = triggers.find((trigger) => trigger.name === name.name);
    if (found === undefined || relation.kind === 'sequence') {
      if (!statement.ifExists)
        throw new DriftError('42704', `trigger "${name.name}" for table "${at.name}" does not exist`);
      skipMissing(context, `trigger "${name.name}" for relation "${at.name}"`);
      continue;
    }
    redefine(
      context,
      relation,
      triggers.filter((trigger) => trigger !== found),
    );
  }
}

/** Replaces a trigger's definition; throws 42704 where there is none of that name. */
export function changeTrigger(
  context: DdlContext,
  { name, table }: ObjectName,
  change: (old: TriggerDef) => TriggerDef,
): void {
  const relation = relationWithTriggers(context, table ?? name);
  const found = relation.triggers?.find((trigger) => trigger.name === name.name);
  if (found === undefined)
    throw new DriftError('42704', `trigger "${name.name}" for table "${relation.name}" does not exist`);
  const next = change(found);
  if (next.name !== found.name && relation.triggers?.some((trigger) => trigger.name === next.name) === true)
    throw new DriftError('42710', `trigger "${next.name}" for relation "${relation.name}" already exists`);
  redefine(
    context,
    relation,
    (relation.triggers ?? []).map((trigger) => (trigger === found ? next : trigger)),
  );
}

/** ALTER TABLE … ENABLE or DISABLE TRIGGER name, ALL or USER. */
export function switchTriggers(context: DdlContext, table: TableDef, name: string, enable: boolean): TableDef {
  const all = name === 'all' || name === 'user';
  if (!all && table.triggers?.some((trigger) => trigger.name === name) !== true)
    throw new DriftError('42704', `trigger "${name}" for table "${table.name}" does not exist`);
  const triggers = table.triggers?.map((trigger) =>
    all || trigger.name === name ? { ...trigger, disabled: enable ? undefined : true } : trigger,
  );
  const next = { ...table, triggers };
  define(context, next);
  return next;
}
