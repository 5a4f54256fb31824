/**
 * Collations of a bound statement, from the tables upwards (PostgreSQL's assign_query_collations).
 *
 * The binder notes that a collation is concerned at all (a column's, or a COLLATE clause); only then does this walk go over
 * the finished tree, so statements over plain text are bound as if there were no collations. It enters each node's columns,
 * puts the collation's type around sort keys, and gives the outputs their collations, which tables and views made of them keep.
 */
import type { Catalog } from '../../catalog/schema.ts';
import { collatedType, isCollatable, UNDETERMINED } from '../../sql/collatable.ts';
import type { AggregateCall, BoundExpression, SortKey, WindowCall } from '../expression.ts';
import type { PlanColumn, PlanNode } from '../plan.ts';
import { mapExpressions, mapInputs } from '../walk-plan.ts';
import { asColumn, type Derived, implicit, merge, NONE, refuseConflict } from './derive.ts';
import { type Collated, ExpressionCollator, underOrdering } from './expressions.ts';

/**
 * Gives a statement's plan its collations. `catalogs`: the statement's own, then those of the moments that it reads at.
 * Throws 42P21, 42P22.
 */
export function assignCollations(plan: PlanNode, catalogs: readonly Catalog[]): PlanNode {
  return new PlanCollator(catalogs).walk(plan);
}

/** The same for an expression that stands alone. */
export function assignExpressionCollations(expression: BoundExpression, catalogs: readonly Catalog[]): BoundExpression {
  const { expression: collated, derived } = new PlanCollator(catalogs).visit(expression);
  const kept = derived.strength === 'implicit' || derived.strength === 'explicit';
  return kept && isCollatable(collated.type.oid)
    ? { ...collated, type: collatedType(collated.type, derived.key) }
    : collated;
}

class PlanCollator {
  readonly #expressions: ExpressionCollator;
  /** Outputs of common table expressions and recursive terms, by their numbers. */
  readonly #tables = new Map<string, readonly PlanColumn[]>();

  constructor(catalogs: readonly Catalog[]) {
    this.#expressions = new ExpressionCollator(catalogs, (plan) => this.walk(plan));
  }

  visit(expression: BoundExpression): Collated {
    return this.#expressions.visit(expression);
  }

  walk(node: PlanNode): PlanNode {
    const inner = this.#inputs(node);
    const { node: collated, outputs } = this.#own(inner);
    const typed = collated.outputs.map((output, i) => this.#enter(output, outputs?.[i]));
    return typed.every((output, i) => output === collated.outputs[i]) ? collated : { ...collated, outputs: typed };
  }

  #inputs(node: PlanNode): PlanNode {
    if (node.kind === 'with') {
      const definition = this.walk(node.definition);
      this.#tables.set(`cte ${node.cte}`, definition.outputs);
      return { ...node, definition, body: this.walk(node.body) };
    }
    if (node.kind === 'recursiveUnion') {
      const initial = this.walk(node.initial);
      this.#tables.set(`work ${node.work}`, initial.outputs);
      return { ...node, initial, step: this.walk(node.step) };
    }
    return mapInputs(node, (input) => this.walk(input));
  }

  /** Notes what an output has; one of an input's is known already. */
  #enter(output: PlanColumn, given: Derived | undefined): PlanColumn {
    const { columns } = this.#expressions;
    const derived = given ?? columns.get(output.id);
    if (derived === undefined || !isCollatable(output.type.oid)) return output;
    columns.set(output.id, derived);
    const { strength, key } = derived;
    const type = collatedType(output.type, strength === 'implicit' || strength === 'explicit' ? key : UNDETERMINED);
    return type === output.type ? output : { ...output, type };
  }

  /** The node with its own expressions collated, and what its outputs have where that is new. */
  #own(node: PlanNode): { node: PlanNode; outputs?: readonly (Derived | undefined)[] } {
    switch (node.kind) {
      case 'project': {
        const parts = node.expressions.map((expression) => this.visit(expression));
        return {
          node: { ...node, expressions: parts.map(({ expression }) => expression) },
          outputs: parts.map(({ derived }) => derived),
        };
      }
      case 'values':
        return this.#values(node);
      case 'aggregate': {
        const groups = node.groups.map((group) => this.#grouped(group));
        const calls = node.aggregates.map((call) => this.#aggregate(call));
        const outputs = [...groups.map(({ derived }) => derived), ...calls.map(({ derived }) => derived)];
        const collated = {
          groups: groups.map(({ expression }) => expression),
          aggregates: calls.map(({ call }) => call),
        };
        return { node: { ...node, ...collated }, outputs };
      }
      case 'window':
        return this.#window(node);
      case 'projectSet': {
        const calls = node.calls.map((call) => this.#arguments(call.args));
        return {
          node: { ...node, calls: node.calls.map((call, i) => ({ ...call, args: calls[i]?.args ?? call.args })) },
          outputs: [...node.source.outputs.map(() => undefined), ...calls.map(({ derived }) => derived)],
        };
      }
      case 'sort':
        return { node: { ...node, keys: this.#keys(node.keys) } };
      case 'limit': {
        const ties = node.ties === null ? null : this.#keys(node.ties);
        return { node: { ...this.#plain({ ...node, ties: null }), ties } as PlanNode };
      }
      case 'setOperation':
        return this.#setOperation(node);
      case 'cteScan':
        return { node, outputs: this.#reference(`cte ${node.cte}`, node.columns) };
      case 'workScan':
        return { node, outputs: this.#reference(`work ${node.work}`, node.columns) };
      case 'recursiveUnion':
        return { node, outputs: this.#positions(node.initial.outputs) };
      case 'distinct':
        for (const output of node.outputs) this.#refuse(output);
        return { node };
      case 'insert':
      case 'update':
      case 'delete':
      case 'merge':
        return this.#change(node);
      default:
        return { node: this.#plain(node) };
    }
  }

  #plain(node: PlanNode): PlanNode {
    return mapExpressions(node, (expression) => this.visit(expression).expression);
  }

  /** RETURNING is the last of a change's expressions. */
  #change(node: PlanNode & { kind: 'insert' | 'update' | 'delete' | 'merge' }): {
    node: PlanNode;
    outputs?: readonly Derived[];
  } {
    const collated = this.#plain(node);
    if (node.returning === null) return { node: collated };
    return { node: collated, outputs: node.returning.expressions.map((expression) => this.visit(expression).derived) };
  }

  #refuse(output: PlanColumn): void {
    const derived = this.#expressions.columns.get(output.id);
    if (derived !== undefined) refuseConflict(derived, this.#expressions.nameOf);
  }

  #grouped(group: BoundExpression): Collated {
    const found = this.visit(group);
    refuseConflict(found.derived, this.#expressions.nameOf);
    return found;
  }

  #values(node: PlanNode & { kind: 'values' }): { node: PlanNode; outputs?: readonly Derived[] } {
    const rows = node.rows.map((row) => row.map((cell) => this.visit(cell)));
    const outputs = node.outputs.map((_, i) =>
      merge(
        rows.map((row) => row[i]?.derived ?? NONE),
        this.#expressions.nameOf,
      ),
    );
    if (rows.length === 0) return { node };
    return { node: { ...node, rows: rows.map((row) => row.map(({ expression }) => expression)) }, outputs };
  }

  #arguments(args: readonly BoundExpression[]): { args: readonly BoundExpression[]; derived: Derived } {
    const parts = args.map((arg) => this.visit(arg));
    const derived = merge(
      parts.map((part) => part.derived),
      this.#expressions.nameOf,
    );
    return { args: parts.map(({ expression }) => expression), derived };
  }

  #aggregate(call: AggregateCall): { call: AggregateCall; derived: Derived } {
    const { args: plain, derived } = this.#arguments(call.args);
    const [fn, args] = this.#expressions.extreme(call.fn, plain, derived);
    const filter = call.filter === null ? null : this.visit(call.filter).expression;
    return { call: { ...call, fn, args, filter, order: this.#keys(call.order) }, derived };
  }

  #window(node: PlanNode & { kind: 'window' }): { node: PlanNode; outputs: readonly (Derived | undefined)[] } {
    const parts = node.calls.map((call) => this.#windowCall(call));
    const { partition, order, frame } = node.window;
    const window = {
      partition: partition.map((expression) => this.visit(expression).expression),
      order: this.#keys(order),
      frame,
    };
    return {
      node: { ...node, window, calls: parts.map(({ call }) => call) },
      outputs: [...node.source.outputs.map(() => undefined), ...parts.map(({ derived }) => derived)],
    };
  }

  #windowCall(call: WindowCall): { call: WindowCall; derived: Derived } {
    const { args: plain, derived } = this.#arguments(call.args);
    const filter = call.filter === null ? null : this.visit(call.filter).expression;
    if (call.fn.kind !== 'aggregate') return { call: { ...call, args: plain, filter }, derived };
    const [fn, args] = this.#expressions.extreme(call.fn, plain, derived);
    return { call: { ...call, fn, args, filter }, derived };
  }

  #keys(keys: readonly SortKey[]): readonly SortKey[] {
    return keys.map((key) => {
      if (key.expression.kind === 'column') this.#refuseColumn(key.expression);
      const { expression, derived } = this.visit(key.expression);
      refuseConflict(derived, this.#expressions.nameOf);
      if (!isCollatable(expression.type.oid)) return key.expression === expression ? key : { ...key, expression };
      const ordering = this.#expressions.ordering(derived, 'string comparison');
      return { ...key, expression: ordering === null ? expression : underOrdering(expression, ordering) };
    });
  }

  /** A sort over the select list's columns: the conflict is the expression's behind one. */
  #refuseColumn(column: BoundExpression & { kind: 'column' }): void {
    const derived = this.#expressions.columns.get(column.id);
    if (derived?.strength === 'conflict' && derived.position !== undefined)
      refuseConflict(derived, this.#expressions.nameOf);
  }

  #setOperation(node: PlanNode & { kind: 'setOperation' }): { node: PlanNode; outputs: readonly Derived[] } {
    const { nameOf } = this.#expressions;
    const [left, right] = [this.#positions(node.left.outputs), this.#positions(node.right.outputs)];
    const outputs = left.map((first, i) => {
      const merged = merge([first, right[i] ?? NONE], nameOf);
      if (node.operation !== 'union' || !node.all) refuseConflict(merged, nameOf);
      return asColumn(merged);
    });
    return { node, outputs };
  }

  #positions(outputs: readonly PlanColumn[]): readonly Derived[] {
    return outputs.map(({ id, type }) => this.#expressions.columns.get(id) ?? implicit(type));
  }

  #reference(table: string, columns: readonly number[]): readonly Derived[] {
    const known = this.#positions(this.#tables.get(table) ?? []);
    return columns.map((position) => asColumn(known[position] ?? NONE));
  }
}
