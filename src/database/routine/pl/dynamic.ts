/** EXECUTE: statements whose text is computed; the values of USING are their parameters. */
import { DriftError } from '../../../base/error.ts';
import type { Task } from '../../../base/task.ts';
import type { Value } from '../../../base/vector.ts';
import type { OuterNames } from '../../../plan/bind.ts';
import type { PlQuery } from '../../../sql/plpgsql/ast.ts';
import { parse } from '../../../sql/parser/parser.ts';
import type { ResultSet } from '../../api.ts';
import { isSelectInto } from '../../bindable.ts';
import { command } from '../../show.ts';
import type { Scene } from '../../statement.ts';
import { runUnit, settled, type Unit, unitOf } from '../nested.ts';
import type { Frame } from './frame.ts';

const MAX_STATEMENTS = 100;
const TEXT = { oid: 25, typmod: -1 } as const;

export function* runDynamic(
  frame: Frame,
  query: Extract<PlQuery, { kind: 'dynamic' }>,
  shape?: Scene['shape'],
): Task<ResultSet> {
  const text = yield* frame.evaluate(query.text, TEXT);
  if (text === null) throw new DriftError('22004', 'query string argument of EXECUTE is null');
  const values: Value[] = [];
  const oids: number[] = [];
  for (const syntax of query.using) {
    values.push(yield* frame.evaluate(syntax, null));
    oids.push(frame.lastOid);
  }
  frame.refresh();
  let result = command('');
  try {
    for (const unit of unitsOf(frame, text as string, oids)) {
      if (unit.statement.kind === 'query' && isSelectInto(unit.statement))
        throw new DriftError('0A000', 'EXECUTE of SELECT ... INTO is not implemented', {
          hint: 'You might want to use EXECUTE ... INTO or EXECUTE CREATE TABLE ... AS instead.',
        });
      if (unit.statement.kind === 'commit' || unit.statement.kind === 'rollback')
        throw new DriftError('0A000', 'EXECUTE of transaction commands is not implemented');
      const scene = { ...frame.scene, shape };
      result = yield* settled(scene, () => runUnit(scene, unit, parametersOf(oids), values));
      frame.refresh();
    }
  } catch (error) {
    if (error instanceof DriftError) throw error.inContext(`SQL statement "${text as string}"`);
    throw error;
  }
  return result;
}

function unitsOf(frame: Frame, text: string, oids: readonly number[]): readonly Unit[] {
  const key = `${oids.join()} ${text}`;
  const { dynamic } = frame.typed;
  const known = dynamic.get(key);
  if (known !== undefined) return [known];
  const units = parse(text).map(unitOf);
  const [only] = units;
  if (units.length === 1 && only !== undefined) {
    if (dynamic.size >= MAX_STATEMENTS) dynamic.delete(dynamic.keys().next().value as string);
    dynamic.set(key, only);
  }
  return units;
}

function parametersOf(oids: readonly number[]): OuterNames {
  return {
    conflict: 'column',
    column: () => undefined,
    relation: () => undefined,
    parameter(index) {
      const oid = oids[index];
      if (oid === undefined) throw new DriftError('42P02', `there is no parameter $${index + 1}`);
      return { kind: 'parameter', index, type: { oid, typmod: -1 } };
    },
  };
}
