/**
 * SharedPlans: plans for statements that differ in their constants only, by shape (sql/statement-shape.ts).
 *
 * A program that writes its values into its statements would have each of them parsed, bound and planned anew. From the
 * third statement of a shape on, one plan with parameters in the place of the constants serves all of them: INSERT of
 * values, and SELECT, UPDATE and DELETE of one table where the constants do not change how its rows are found best. That
 * is so by key, and where reading all rows is the only way. By a range of an index it is so for ranges that are expected
 * to have no more rows than one for which the planner, who knew the constants, has chosen that index. For anything else
 * the constants are part of the question, and each statement gets its own plan.
 *
 * Nothing else may differ: a shape whose statement cannot be bound with parameters is left alone; constants that may not
 * differ (LIMIT 10, varchar(20)) must be those of the statement the plan was made for; a constant that its parameter's
 * type refuses sends the statement the long way (`NotShared`), so that the error is that of the statement as written.
 */
import { DriftError } from '../base/error.ts';
import type { Task } from '../base/task.ts';
import type { TableDef } from '../catalog/schema.ts';
import type { Plan, PlanNode, ScanNode } from '../plan/plan.ts';
import { type RangeEstimate, rangeEstimate } from '../plan/optimizer/range-estimate.ts';
import { hasSubquery } from '../plan/walk-expression.ts';
import { inputsOf, isModify, visitExpressions } from '../plan/walk-plan.ts';
import type { Statement } from '../sql/ast-statement.ts';
import { END_OF_INPUT, Lexer } from '../sql/lexer.ts';
import { lifted, type Shape, shapeOf } from '../sql/statement-shape.ts';
import type { Parameter } from './api.ts';
import { type Cached, uncached } from './bindable.ts';
import { isOf } from './parameters.ts';
import { isCurrent, planOf, type Scene } from './statement.ts';
import { tableStatistics } from './table-statistics.ts';

export interface Shared {
  readonly cached: Cached;
  readonly values: readonly Parameter[];
}

interface Kept {
  readonly cached: Cached;
  readonly plan: Plan;
  /** Which constant each parameter is. */
  readonly places: readonly number[];
  /** The constants that must be as they were, others null. */
  readonly fixed: readonly (number | string | null)[];
  readonly range: Range | null;
}

/** The range of an index by which rows are found, and up to how many rows it is known to be the best way. */
interface Range {
  readonly scan: ScanNode;
  readonly estimate: RangeEstimate;
  rows: number;
}

/** `attempts`: plans that were made for nothing under a version of the catalog. */
interface Known {
  kept: Kept | null;
  attempts: number;
  version: number;
}

const MAX_SHAPES = 200;
const MAX_ATTEMPTS = 3;
/** Texts without a plan that are longer are not looked at twice. */
const MAX_LENGTH = 4096;

export class SharedPlans {
  readonly #byShape = new Map<string, Known>();

  /** The shape of a text that is one statement; null where it is more, or nothing is gained. */
  shapeOf(sql: string): Shape | null {
    if (sql.length > MAX_LENGTH) return null;
    const lexer = new Lexer(sql);
    lexer.readRun();
    const isWhole = lexer.codes[lexer.count - 1] === END_OF_INPUT || /^\s*$/.test(sql.slice(lexer.offset));
    return isWhole && !sql.includes('/*+') ? shapeOf(lexer) : null;
  }

  /** The plan for a statement of this shape, with its values; null where it has to be parsed. */
  find(shape: Shape | null): Shared | null {
    const kept = shape === null ? null : this.#byShape.get(shape.text)?.kept;
    if (shape === null || kept === null || kept === undefined) return null;
    const { constants } = shape;
    const { cached, fixed, range } = kept;
    for (let i = 0; i < fixed.length; i++) if (fixed[i] !== null && fixed[i] !== constants[i]?.value) return null;
    const values = valuesOf(kept, shape);
    if (range !== null && !(rowsIn(range, kept.plan, values) <= range.rows)) return null;
    return { cached, values };
  }

  /** A statement that was parsed, to be run; where its shape has been seen before it leaves a plan for the next. */
  parsed(shape: Shape | null, statement: Statement): Cached {
    const cached = uncached(statement);
    if (shape === null) return cached;
    const known = this.#byShape.get(shape.text);
    if (known !== undefined)
      return { ...cached, share: (scene, plan) => share(scene, plan, known, { shape, statement }) };
    if (this.#byShape.size >= MAX_SHAPES) this.#byShape.delete(this.#byShape.keys().next().value as string);
    this.#byShape.set(shape.text, { kept: null, attempts: 0, version: Number.NaN });
    return cached;
  }
}

function valuesOf({ places }: Kept, { constants }: Shape): (number | string | null)[] {
  return places.map((at) => constants[at]?.value ?? null);
}

/** NaN where constants have to be converted first. */
function rowsIn({ estimate }: Range, { parameterTypes }: Plan, values: readonly (number | string | null)[]): number {
  return values.every((value, i) => isOf(value, parameterTypes[i] as number)) ? estimate.rows(values) : Number.NaN;
}

interface Seen {
  readonly shape: Shape;
  readonly statement: Statement;
}

/** Makes the plan that statements of a shape share, if there can be one. `own`: the plan made for this one's constants. */
function* share(scene: Scene, own: Plan, known: Known, seen: Seen): Task<void> {
  const { version, path } = scene.eval.catalog;
  const { kept } = known;
  if (kept !== null && kept.cached.version === version && kept.cached.path === path) {
    if (isCurrent(kept.plan, scene.settings)) return widen(kept, own, seen.shape);
  }
  if (known.version !== version) known.attempts = 0;
  known.version = version;
  known.kept = null;
  if (known.attempts === MAX_ATTEMPTS) return;
  known.attempts++;
  known.kept = yield* shared(scene, own, seen);
  if (known.kept !== null) known.attempts = 0;
}

function* shared(scene: Scene, own: Plan, { shape, statement }: Seen): Task<Kept | null> {
  const general = lifted(statement, shape);
  if (general === null) return null;
  let plan: Plan;
  try {
    plan = yield* planOf({ ...scene, parameters: [], given: 'later' }, general.statement, general.types);
  } catch (error) {
    if (error instanceof DriftError) return null;
    throw error;
  }
  const { places, types } = general;
  if (!plan.cacheable || plan.parameterTypes.length !== types.length) return null;
  const scan = scanOf(plan.root);
  if (scan === null && !insertsValues(plan.root)) return null;
  const { version, path } = scene.eval.catalog;
  const cached: Cached = { statement: general.statement, types, plan, version, path };
  const fixed = shape.constants.map(({ value }, i) => (places.includes(i) ? null : value));
  if (scan === null || isFoundOneWay(scan)) return { cached, plan, places, fixed, range: null };
  const { store } = scene.core;
  const estimate = rangeEstimate(scan, tableStatistics(store, scene.transaction.snapshot, new Map(), null));
  if (estimate === null) return null;
  const kept = { cached, plan, places, fixed, range: { scan, estimate, rows: -1 } };
  widen(kept, own, shape);
  return kept.range.rows < 0 ? null : kept;
}

/** Notes that the planner has chosen the same range for a statement, which may have had more rows than those before. */
function widen(kept: Kept, own: Plan, shape: Shape): void {
  const { range, plan } = kept;
  if (range === null) return;
  const scan = scanOf(own.root);
  if (scan === null || wayOf(scan) !== wayOf(range.scan)) return;
  const rows = rowsIn(range, plan, valuesOf(kept, shape));
  if (rows > range.rows) range.rows = rows;
}

/** How a scan finds its rows, without the constants. */
function wayOf({ access }: ScanNode): string {
  if (access.kind !== 'indexRange' && access.kind !== 'keyRange') return access.kind;
  const index = access.kind === 'indexRange' ? `${access.indexId} ${access.only}` : '';
  return `${access.kind} ${index} ${access.prefix.length} ${access.low !== null} ${access.high !== null}`;
}

function insertsValues(root: PlanNode): boolean {
  return root.kind === 'insert' && root.source.kind === 'values' && !asks(root) && !asks(root.source);
}

/** The one scan of a plan without joins and subqueries; null for any other. */
function scanOf(root: PlanNode): ScanNode | null {
  let node: PlanNode = root;
  for (;;) {
    if (asks(node)) return null;
    if (node.kind === 'scan') return node;
    const inputs = inputsOf(node);
    const [only] = inputs;
    if (only === undefined || inputs.length > 1 || (isModify(node) && node !== root)) return null;
    node = only;
  }
}

/** Whether a node has subqueries. */
function asks(node: PlanNode): boolean {
  let found = false;
  visitExpressions(node, (expression) => {
    found ||= hasSubquery(expression);
  });
  return found;
}

/** By key, or because there is no other way than to read all rows. */
function isFoundOneWay({ table, access }: ScanNode): boolean {
  if (access.kind === 'key') return true;
  return access.kind === 'full' && table.indexes.length === 0 && table.key.every((id) => isHidden(table, id));
}

function isHidden(table: TableDef, id: number): boolean {
  return table.columns.find((column) => column.id === id)?.hidden === true;
}
