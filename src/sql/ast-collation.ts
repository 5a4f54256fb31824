/** Statements about collations. */
import type { QualifiedName, Span } from './ast.ts';

export interface CollationOption {
  readonly name: string;
  readonly value: string | undefined;
  readonly position: number;
}

export interface CreateCollation extends Span {
  readonly kind: 'createCollation';
  readonly name: QualifiedName;
  readonly ifNotExists: boolean;
  /** FROM another one; then there are no options. */
  readonly from: QualifiedName | undefined;
  readonly options: readonly CollationOption[];
}
export interface AlterCollation extends Span {
  readonly kind: 'alterCollation';
  readonly name: QualifiedName;
  readonly action: 'refresh' | 'owner';
}
