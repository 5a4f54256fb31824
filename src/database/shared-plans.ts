/**
 * SharedPlans: plans for statements that differ in their constants only, by shape (sql/statement-shape.ts).
 *
 * A program that writes its values into its statements would have each of them parsed, bound and planned anew. From the
 * second statement of a shape on, one plan with parameters in the place of the constants serves all of them: INSERT of
 * values, and SELECT, UPDATE and DELETE of one table where the constants cannot change how its rows are found (by key, by
 * the values of an index, or all of them where there is no other way). For anything else the constants are part of the
 * question of how to plan it, and each statement gets its own plan.
 *
 * Nothing else may differ: a shape whose statement cannot be bound with parameters is left alone; constants that may not
 * differ (LIMIT 10, varchar(20)) must be those of the statement the plan was made for; a constant that its parameter's
 * type refuses sends the statement the long way (`NotShared`), so that the error is that of the statement as written.
 */
import { DriftError } from '../base/error.ts';
import type { Task } from '../base/task.ts';
import type { TableDef } from '../catalog/schema.ts';
import type { Plan, PlanNode, ScanNode } from '../plan/plan.ts';
import { equalPrefix } from '../plan/scan-access.ts';
import { hasSubquery } from '../plan/walk-expression.ts';
import { inputsOf, isModify, visitExpressions } from '../plan/walk-plan.ts';
import type { Statement } from '../sql/ast-statement.ts';
import { END_OF_INPUT, Lexer } from '../sql/lexer.ts';
import { lifted, type Shape, shapeOf } from '../sql/statement-shape.ts';
import type { Parameter } from './api.ts';
import { type Cached, uncached } from './bindable.ts';
import { planOf, type Scene } from './statement.ts';

export interface Shared {
  readonly cached: Cached;
  readonly values: readonly Parameter[];
}

interface Kept {
  readonly cached: Cached;
  /** Which constant each parameter is. */
  readonly places: readonly number[];
  /** The constants that must be as they were, others null. */
  readonly fixed: readonly (number | string | null)[];
}

/** `plan` is null after the first statement of a shape; `refusedAt`: the catalog version under which none could be shared. */
interface Known {
  kept: Kept | null;
  refusedAt: number;
}

const MAX_SHAPES = 200;
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
    const { cached, places, fixed } = kept;
    for (let i = 0; i < fixed.length; i++) if (fixed[i] !== null && fixed[i] !== constants[i]?.value) return null;
    return { cached, values: places.map((at) => constants[at]?.value ?? null) };
  }

  /** A statement that was parsed, to be run; where its shape has been seen before it leaves a plan for the next. */
  parsed(shape: Shape | null, statement: Statement): Cached {
    const cached = uncached(statement);
    if (shape === null) return cached;
    const known = this.#byShape.get(shape.text);
    if (known !== undefined) return { ...cached, share: (scene) => share(scene, known, shape, statement) };
    if (this.#byShape.size >= MAX_SHAPES) this.#byShape.delete(this.#byShape.keys().next().value as string);
    this.#byShape.set(shape.text, { kept: null, refusedAt: Number.NaN });
    return cached;
  }
}

/** Makes the plan that statements of a shape share, if there can be one. */
function* share(scene: Scene, known: Known, shape: Shape, statement: Statement): Task<void> {
  const { version, path } = scene.eval.catalog;
  if (known.refusedAt === version) return;
  known.refusedAt = version;
  known.kept = null;
  const general = lifted(statement, shape);
  if (general === null) return;
  let plan: Plan;
  try {
    plan = yield* planOf({ ...scene, parameters: [], given: 'later' }, general.statement, general.types);
  } catch (error) {
    if (error instanceof DriftError) return;
    throw error;
  }
  if (!plan.cacheable || plan.parameterTypes.length !== general.types.length || !isIndifferent(plan.root)) return;
  const { places, types } = general;
  const fixed = shape.constants.map(({ value }, i) => (places.includes(i) ? null : value));
  known.kept = { cached: { statement: general.statement, types, plan, version, path }, places, fixed };
  known.refusedAt = Number.NaN;
}

/** Whether no constant in the place of a parameter would lead to another plan. */
function isIndifferent(root: PlanNode): boolean {
  if (root.kind === 'insert') return root.source.kind === 'values' && !asks(root) && !asks(root.source);
  let node: PlanNode = root;
  for (;;) {
    if (node.kind === 'scan') return !asks(node) && isFoundOneWay(node);
    const inputs = inputsOf(node);
    const [only] = inputs;
    if (only === undefined || inputs.length > 1 || asks(node) || (isModify(node) && node !== root)) return false;
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

function isFoundOneWay({ table, access, filter }: ScanNode): boolean {
  if (access.kind === 'key') return true;
  if (access.kind === 'full') return table.indexes.length === 0 && table.key.every((id) => isHidden(table, id));
  return access.kind === 'indexRange' && filter === null && equalPrefix(access) !== null;
}

function isHidden(table: TableDef, id: number): boolean {
  return table.columns.find((column) => column.id === id)?.hidden === true;
}
