/**
 * Collations of expressions: each gets what its parts derive (derive.ts), and where an order or a case depends on it the
 * function of that locale; COLLATE clauses themselves vanish. Text by code units comes out as it went in.
 */
import { DriftError } from '../../base/error.ts';
import type { Catalog } from '../../catalog/schema.ts';
import { isCollatable } from '../../sql/collatable.ts';
import { type Collation, collationOfKey } from '../../sql/collations.ts';
import type { AggregateFunction, ScalarFunction } from '../../sql/functions/function.ts';
import { collatedTypeOid, type Ordering } from '../../sql/types/collation.ts';
import { baseOfDomain } from '../../sql/user-coercion.ts';
import type { BoundExpression, ColumnId } from '../expression.ts';
import type { PlanNode } from '../plan.ts';
import { mapChildren } from '../walk-expression.ts';
import { asColumn, decidedKey, type Derived, explicit, implicit, merge, type NameOf, NONE } from './derive.ts';
import { collatedCase, collatedComparison, collatedExtreme, comparisonSign } from './functions.ts';

export interface Collated {
  readonly expression: BoundExpression;
  readonly derived: Derived;
}

const TEXT = 25;
const UNKNOWN = 705;
const BPCHAR = 1042;
const USES: Readonly<Record<string, string>> = {
  lower: 'lower() function',
  upper: 'upper() function',
  initcap: 'initcap() function',
  textlike: 'LIKE',
  textnlike: 'LIKE',
  texticlike: 'ILIKE',
  texticnlike: 'ILIKE',
  textregexeq: 'regular expression',
  textregexne: 'regular expression',
  texticregexeq: 'regular expression',
  texticregexne: 'regular expression',
};

/** Walks expressions under one statement's columns, whose collations the walk over the plan enters in `columns`. */
export class ExpressionCollator {
  readonly columns: Map<ColumnId, Derived> = new Map();
  readonly #catalogs: readonly Catalog[];
  readonly #plan: (plan: PlanNode) => PlanNode;
  readonly nameOf: NameOf;

  constructor(catalogs: readonly Catalog[], plan: (plan: PlanNode) => PlanNode) {
    this.#catalogs = catalogs;
    this.#plan = plan;
    this.nameOf = (key) => this.#collation(key)?.name ?? key;
  }

  visit(expression: BoundExpression): Collated {
    switch (expression.kind) {
      case 'column': {
        const known = this.columns.get(expression.id);
        const { type, position } = expression;
        return { expression, derived: known === undefined ? implicit(type, position) : asColumn(known, position) };
      }
      case 'cast':
        if (expression.collate === undefined) break;
        return {
          expression: this.visit(expression.operand).expression,
          derived: explicit(expression.collate, expression.position),
        };
      case 'subquery':
        return this.#subquery(expression);
      case 'case':
        return this.#case(expression);
      default:
    }
    const parts: Derived[] = [];
    const mapped = mapChildren(expression, (child) => {
      const found = this.visit(child);
      parts.push(found.derived);
      return found.expression;
    });
    const derived = merge(parts, this.nameOf);
    return { expression: this.#chosen(mapped, derived), derived: result(expression, derived) };
  }

  #subquery(expression: BoundExpression & { kind: 'subquery' }): Collated {
    const plan = this.#plan(expression.plan);
    const test = expression.test === null ? null : this.visit(expression.test).expression;
    const [output] = plan.outputs;
    const known = output === undefined ? undefined : this.columns.get(output.id);
    const derived = known === undefined ? implicit(expression.type) : asColumn(known, expression.position);
    return { expression: { ...expression, plan, test }, derived: result(expression, derived) };
  }

  /** Conditions have no say in what a CASE gives. */
  #case(expression: BoundExpression & { kind: 'case' }): Collated {
    const parts: Derived[] = [];
    const value = (part: BoundExpression): BoundExpression => {
      const found = this.visit(part);
      parts.push(found.derived);
      return found.expression;
    };
    const branches = expression.branches.map(({ when, then }) => ({
      when: this.visit(when).expression,
      then: value(then),
    }));
    const otherwise = expression.otherwise === null ? null : value(expression.otherwise);
    const derived = result(expression, merge(parts, this.nameOf));
    return { expression: { ...expression, branches, otherwise }, derived };
  }

  /** The expression with the functions that its collation asks for. */
  #chosen(expression: BoundExpression, derived: Derived): BoundExpression {
    switch (expression.kind) {
      case 'call':
        return this.#call(expression, derived);
      case 'quantified':
        return { ...expression, comparison: this.#comparison(expression.comparison, derived, expression.position) };
      case 'inList':
      case 'distinctFrom':
      case 'nullIf':
        this.#comparison(expression.equal, derived, expression.position);
        return expression;
      case 'greatest':
      case 'least': {
        const ordering = isCollatable(expression.type.oid) ? this.ordering(derived, 'string comparison') : null;
        if (ordering === null) return expression;
        const args = expression.args.map((arg) => underOrdering(arg, ordering));
        const type = args[0]?.type ?? expression.type;
        return relabelled({ ...expression, args, type }, expression.type);
      }
      default:
        return expression;
    }
  }

  #call(expression: BoundExpression & { kind: 'call' }, derived: Derived): BoundExpression {
    const { fn, position } = expression;
    if (comparisonSign(fn) !== undefined) {
      const collated = this.#comparison(fn, derived, position);
      return collated === fn ? expression : { ...expression, fn: collated, operator: undefined };
    }
    if (fn.name === 'pg_collation_for') return this.#named(expression, derived);
    const use = USES[fn.id.slice(0, fn.id.indexOf('('))];
    if (use === undefined || !isCollatable(expression.args[0]?.type.oid ?? 0)) return expression;
    const ordering = this.ordering(derived, use);
    const collated = ordering === null ? undefined : collatedCase(fn, ordering.locale);
    return collated === undefined ? expression : { ...expression, fn: collated };
  }

  #comparison(fn: ScalarFunction, derived: Derived, position: number | undefined): ScalarFunction {
    if (comparisonSign(fn) === undefined) return fn;
    const ordering = this.ordering({ ...derived, position }, 'string comparison');
    return ordering === null ? fn : collatedComparison(fn, ordering);
  }

  /** COLLATION FOR (x). */
  #named(expression: BoundExpression & { kind: 'call' }, derived: Derived): BoundExpression {
    const [arg] = expression.args;
    if (!isCollatable(arg?.type.oid ?? 0)) return expression;
    const untyped = arg?.kind === 'const' && arg.type.oid === UNKNOWN;
    const collation = untyped || derived.strength === 'none' ? undefined : this.#collation(derived.key);
    if (collation === undefined || derived.strength === 'conflict')
      return { kind: 'const', value: null, type: expression.type };
    const plain = (name: string): string =>
      /^[a-z_][a-z0-9_]*$/.test(name) && name !== 'default' ? name : `"${name}"`;
    const visible = collation.own === null || this.#catalogs[0]?.searched.includes(collation.schema) === true;
    const value = `${visible ? '' : `${plain(collation.schema)}.`}${plain(collation.name)}`;
    return { kind: 'const', value, type: { oid: TEXT, typmod: -1 } };
  }

  #collation(key: string): Collation | undefined {
    for (const catalog of this.#catalogs) {
      const found = collationOfKey(catalog, key);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** What texts are ordered by; null for code units. Throws 42P22. */
  ordering(derived: Derived, use: string): Ordering | null {
    const key = decidedKey(derived, use);
    const collation = this.#collation(key);
    if (collation === undefined) throw new DriftError('42704', `collation with key "${key}" does not exist`);
    const { provider, name, locale } = collation;
    return provider === 'icu' && locale !== null ? { name, locale } : null;
  }

  /** min or max for the collation of its argument; the argument is made to be of the collation's type. */
  extreme(
    fn: AggregateFunction,
    args: readonly BoundExpression[],
    derived: Derived,
  ): readonly [AggregateFunction, readonly BoundExpression[]] {
    const [arg] = args;
    if ((fn.name !== 'min' && fn.name !== 'max') || arg === undefined || !isText(arg.type.oid)) return [fn, args];
    const ordering = this.ordering(derived, 'string comparison');
    return ordering === null ? [fn, args] : [collatedExtreme(fn, ordering), [underOrdering(arg, ordering)]];
  }
}

/** What a node with these operands has: nothing if its result has no collations. */
function result(expression: BoundExpression, derived: Derived): Derived {
  if (!isCollatable(expression.type.oid)) return NONE;
  return derived.strength === 'none' ? implicit(expression.type, expression.position) : derived;
}

function isText(oid: number): boolean {
  const base = baseOfDomain(oid);
  return base === TEXT || base === BPCHAR || base === 1043 || base === 19;
}

/** The same texts as values of the collation's type, by which they are ordered. */
export function underOrdering(expression: BoundExpression, ordering: Ordering): BoundExpression {
  if (!isText(expression.type.oid)) return expression;
  const padded = baseOfDomain(expression.type.oid) === BPCHAR;
  return relabelled(expression, { oid: collatedTypeOid(ordering, padded), typmod: -1 });
}

function relabelled(operand: BoundExpression, type: BoundExpression['type']): BoundExpression {
  const plain = { oid: type.oid, typmod: -1 };
  return { kind: 'cast', operand, method: 'relabel', fn: null, element: null, explicit: false, type: plain };
}
