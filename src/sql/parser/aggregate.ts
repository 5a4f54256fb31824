/** CREATE AGGREGATE: arguments, and options of the form `name = value`. */
import type { QualifiedName, TypeName } from '../ast.ts';
import type { AggregateOption, CreateAggregate, FunctionArgument } from '../ast-function.ts';
import { DECIMAL, INTEGER, OPERATOR, STRING } from '../lexer.ts';
import type { Cursor } from './cursor.ts';
import { parseArgument } from './function.ts';
import { operatorText, parseQualifiedOperator } from './operator-name.ts';
import { parseOptionValue } from './option.ts';
import { parseTypeName } from './type-name.ts';

/** Options that name a type. */
const TYPES = new Set(['stype', 'stype1', 'mstype', 'basetype']);

export function parseCreateAggregate(p: Cursor, position: number, orReplace: boolean): CreateAggregate {
  p.expect('aggregate');
  const name = p.qualifiedName();
  // The older syntax has one list: the first word in it is followed by `=`.
  const older = p.at('(') && p.peekWord(2) === '=';
  let args: FunctionArgument[] | undefined;
  let ordered: FunctionArgument[] | undefined;
  if (!older) {
    p.expect('(');
    if (p.accept('*')) args = [];
    else {
      args = p.at('order') ? [] : p.list(() => parseArgument(p));
      if (p.accept('order')) {
        p.expect('by');
        ordered = p.list(() => parseArgument(p));
      }
    }
    p.expect(')');
  }
  const options = p.parenthesised(() => parseOption(p));
  return { kind: 'createAggregate', orReplace, name, args, ordered, options, position, end: p.lastEnd };
}

function parseOption(p: Cursor): AggregateOption {
  const { position } = p;
  const name = p.label().toLowerCase();
  if (!p.accept('=')) return { name, text: 'true', named: undefined, type: undefined, position };
  const { start } = p;
  let named: QualifiedName | undefined;
  let type: TypeName | undefined;
  if (TYPES.has(name) && p.code !== STRING) type = parseTypeName(p);
  else if (p.at('operator')) parseQualifiedOperator(p);
  else if (p.code === OPERATOR || /^[<>=+*/%^-]+$/.test(p.word)) {
    operatorText(p);
    p.advance();
  } else if (p.code === STRING || p.code === INTEGER || p.code === DECIMAL) {
    const text = parseOptionValue(p);
    return { name, text, named: plainName(text, position), type: undefined, position };
  } else if (p.isLabel() && !p.isColumnName()) {
    const text = p.label();
    return { name, text, named: plainName(text, position), type: undefined, position };
  } else named = p.qualifiedName();
  return { name, text: p.text.slice(start, p.lastEnd - 1), named, type, position };
}

function plainName(name: string, position: number): QualifiedName {
  return { catalog: undefined, schema: undefined, name, position };
}
