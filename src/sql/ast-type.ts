/** Statements about enums and composite types. */
import type { QualifiedName, TypeName } from './ast.ts';

interface Span {
  readonly position: number;
  readonly end: number;
}

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
