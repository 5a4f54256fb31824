/** TABLESAMPLE: a scan under a filter that lets a share of the rows pass (sql/functions/sample.ts). */
import { DriftError } from '../../base/error.ts';
import type { TableSample } from '../../sql/ast-query.ts';
import { randomSample, repeatableSample, shareOf } from '../../sql/functions/sample.ts';
import type { BoundExpression } from '../expression.ts';
import type { PlanNode } from '../plan.ts';
import { BOOL, OID, coerce, located } from './coerce.ts';
import type { BoundScan } from './scan.ts';
import { CLAUSES, columnOf, type Scope } from './scope.ts';

const METHODS = new Set(['bernoulli', 'system']);

/** Puts the sample over a table's scan. */
export function sampled({ plan, row }: BoundScan, sample: TableSample, scope: Scope): PlanNode {
  const { name, position } = sample.method;
  if (!METHODS.has(name)) throw new DriftError('42704', `tablesample method ${name} does not exist`, { position });
  if (sample.args.length !== 1) {
    const message = `tablesample method ${name} requires 1 argument, not ${sample.args.length}`;
    throw new DriftError('2202H', message, { position });
  }
  const numbers = [...sample.args, ...(sample.repeatable === undefined ? [] : [sample.repeatable])];
  const args: BoundExpression[] = scope.within(CLAUSES.fromItems, () =>
    numbers.map((syntax) => {
      const number = coerce(scope.bind(syntax), { oid: OID.float8, typmod: -1 }, 'assignment', scope.state);
      return { ...number, position: syntax.position };
    }),
  );
  const [share] = args;
  if (share?.kind === 'const') located(position, () => shareOf(share.value));
  if (sample.repeatable !== undefined) {
    const keys = plan.table.key.map((ordinal) => row.find((column) => column.columnId === ordinal));
    for (const key of keys) if (key !== undefined) args.push(columnOf(key.id, key.name, key.type));
  }
  const fn = sample.repeatable === undefined ? randomSample : repeatableSample;
  const condition: BoundExpression = { kind: 'call', fn, args, type: BOOL, position };
  return { kind: 'filter', source: plan, condition, outputs: plan.outputs };
}
