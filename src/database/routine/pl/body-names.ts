/** The variables of a body as the binder sees them: each use becomes a parameter whose number is the variable's slot. */
import { DriftError } from '../../../base/error.ts';
import type { Value } from '../../../base/vector.ts';
import type { TypeRef } from '../../../catalog/schema.ts';
import type { OuterNames, Relation, VisibleColumn } from '../../../plan/bind.ts';
import type { BoundExpression } from '../../../plan/expression.ts';
import type { NameSpace } from '../../../sql/plpgsql/ast.ts';
import { SqlRecord } from '../../../sql/types/record.ts';
import { type Compiled, slotOf, type Typed } from './compiled.ts';

const RECORD: TypeRef = { oid: 2249, typmod: -1 };

interface Column {
  readonly name: string;
  readonly type: TypeRef;
}

export class BodyNames implements OuterNames {
  readonly conflict: OuterNames['conflict'];
  /** What was asked for. */
  readonly slots: Set<number> = new Set();
  readonly shapes: Map<number, string> = new Map();
  readonly #compiled: Compiled;
  readonly #typed: Typed;
  readonly #names: NameSpace;
  readonly #values: readonly Value[];

  constructor(compiled: Compiled, typed: Typed, names: NameSpace, values: readonly Value[]) {
    this.#compiled = compiled;
    this.#typed = typed;
    this.#names = names;
    this.#values = values;
    this.conflict = compiled.body.conflict;
  }

  column(name: string): VisibleColumn | undefined {
    const datum = this.#names.find(name);
    return datum === undefined ? undefined : { name, expression: this.#variable(datum) };
  }

  relation(schema: string | undefined, name: string): Relation | undefined {
    const datum = schema === undefined ? this.#names.find(name) : this.#names.labelled(schema)?.names.get(name);
    if (datum !== undefined && this.#typed.types[datum]?.kind !== 'scalar') {
      const columns = this.#columnsOf(datum);
      if (columns === null) throw notAssigned(this.#compiled.body.datums[datum]?.name ?? name);
      return relationOf(
        name,
        columns.map((column) => this.#field(datum, column)),
      );
    }
    const block = schema === undefined ? this.#names.labelled(name) : undefined;
    if (block === undefined) return undefined;
    return relationOf(
      name,
      [...block.names].map(([own, index]) => ({ name: own, expression: this.#variable(index) })),
    );
  }

  parameter(index: number): BoundExpression | undefined {
    const datum = this.#names.find(`$${index + 1}`);
    return datum === undefined ? undefined : this.#variable(datum);
  }

  #variable(datum: number): BoundExpression {
    const type = this.#typed.types[datum];
    if (type?.kind === 'scalar') return this.#slot(datum, null, type.type);
    const columns = this.#columnsOf(datum);
    if (columns === null || this.#values[datum] instanceof AbsentRecord)
      return { kind: 'const', value: null, type: RECORD };
    return {
      kind: 'row',
      fields: columns.map((column) => this.#field(datum, column).expression),
      names: columns.map(({ name }) => name),
      type: type?.kind === 'row' ? { oid: type.oid, typmod: -1 } : RECORD,
    };
  }

  #field(datum: number, { name, type }: Column): VisibleColumn {
    return { name, expression: this.#slot(datum, name, type) };
  }

  #slot(datum: number, field: string | null, type: TypeRef): BoundExpression {
    const index = slotOf(this.#compiled, datum, field);
    this.slots.add(index);
    return { kind: 'parameter', index, type };
  }

  #columnsOf(datum: number): readonly Column[] | null {
    const type = this.#typed.types[datum];
    if (type?.kind === 'row') return type.names.map((name, i) => ({ name, type: type.types[i] as TypeRef }));
    const value = this.#values[datum];
    this.shapes.set(datum, shapeOf(value));
    if (!(value instanceof SqlRecord)) return null;
    return value.names.map((name, i) => ({ name, type: { oid: value.oids[i] as number, typmod: -1 } }));
  }
}

/** NEW or OLD where there is none: its fields are null, and so is the whole. */
export class AbsentRecord extends SqlRecord {}

/** A text that is the same for rows of the same columns. */
export function shapeOf(value: Value | undefined): string {
  if (!(value instanceof SqlRecord)) return '';
  return `${value instanceof AbsentRecord ? '-' : ''}${value.oids.join()} ${value.names.join()}`;
}

export function notAssigned(name: string): DriftError {
  return new DriftError('55000', `record "${name}" is not assigned yet`, {
    detail: 'The tuple structure of a not-yet-assigned record is indeterminate.',
  });
}

function relationOf(name: string, columns: readonly VisibleColumn[]): Relation {
  return { schema: undefined, name, columns, pseudo: [], table: null };
}
