/** Statements about enums, composite types and ranges. */
import type { QualifiedName, TypeName, Span } from './ast.ts';

export interface CreateEnum extends Span {
  readonly kind: 'createEnum';
  readonly name: QualifiedName;
  readonly labels: readonly string[];
}
export interface CreateCompositeType extends Span {
  readonly kind: 'createCompositeType';
  readonly name: QualifiedName;
  readonly attributes: readonly {
    readonly name: string;
    readonly type: TypeName;
    readonly collation: QualifiedName | undefined;
  }[];
}
/** CREATE TYPE … AS RANGE (…). */
export interface CreateRangeType extends Span {
  readonly kind: 'createRangeType';
  readonly name: QualifiedName;
  readonly options: RangeOptions;
}
export interface RangeOptions {
  readonly subtype?: TypeName | undefined;
  readonly collation?: QualifiedName | undefined;
  readonly canonical?: QualifiedName | undefined;
  readonly subtypeDiff?: QualifiedName | undefined;
  readonly multirange?: QualifiedName | undefined;
  /** The only operator class of a type is its default. */
  readonly operatorClass?: QualifiedName | undefined;
}
export interface AlterEnum extends Span {
  readonly kind: 'alterEnum';
  readonly name: QualifiedName;
  readonly value: string;
  readonly ifNotExists: boolean;
  readonly neighbour: { readonly where: 'before' | 'after'; readonly value: string } | undefined;
}
/** ALTER TYPE … ADD, DROP, ALTER ATTRIBUTE. */
export interface AlterComposite extends Span {
  readonly kind: 'alterComposite';
  readonly name: QualifiedName;
  readonly actions: readonly (
    | { readonly kind: 'add' | 'alter'; readonly name: string; readonly type: TypeName; readonly position: number }
    | { readonly kind: 'drop'; readonly name: string; readonly ifExists: boolean; readonly position: number }
  )[];
}
