/** Sequences and their options, which identity columns share. */
import type { AlterSequence, CreateSequence } from '../ast-statement.ts';
import type { SequenceOption } from '../ast-table.ts';
import type { Persistence } from '../ast-table.ts';
import { INTEGER, DECIMAL } from '../lexer.ts';
import type { Cursor } from './cursor.ts';
import { parseTypeName } from './type-name.ts';

export function parseCreateSequence(p: Cursor, position: number, persistence: Persistence): CreateSequence {
  const ifNotExists = p.acceptIfNotExists();
  const name = p.qualifiedName();
  const options = parseSequenceOptions(p);
  return { kind: 'createSequence', name, persistence, ifNotExists, options, position, end: p.lastEnd };
}

/** Parses the options of ALTER SEQUENCE behind its name. */
export function parseAlterSequence(
  p: Cursor,
  head: Pick<AlterSequence, 'name' | 'ifExists' | 'position'>,
): AlterSequence {
  if (p.code === 0) p.fail();
  return { kind: 'alterSequence', ...head, options: parseSequenceOptions(p), end: p.lastEnd };
}

export function parseParenthesisedSequenceOptions(p: Cursor): SequenceOption[] {
  if (!p.accept('(')) return [];
  const options = parseSequenceOptions(p);
  p.expect(')');
  return options;
}

export function parseSequenceOptions(p: Cursor): SequenceOption[] {
  const options: SequenceOption[] = [];
  for (;;) {
    const option = parseSequenceOption(p);
    if (option === undefined) return options;
    options.push(option);
  }
}

export function parseSequenceOption(p: Cursor): SequenceOption | undefined {
  const { position, word } = p;
  switch (word) {
    case 'increment':
      p.advance();
      p.accept('by');
      return { kind: 'increment', value: parseInteger(p), position };
    case 'minvalue':
    case 'maxvalue':
      p.advance();
      return { kind: word === 'minvalue' ? 'minValue' : 'maxValue', value: parseInteger(p), position };
    case 'start':
      p.advance();
      p.accept('with');
      return { kind: 'start', value: parseInteger(p), position };
    case 'restart':
      p.advance();
      p.accept('with');
      return { kind: 'restart', value: atNumber(p) ? parseInteger(p) : undefined, position };
    case 'cache':
      p.advance();
      return { kind: 'cache', value: parseInteger(p), position };
    case 'cycle':
      p.advance();
      return { kind: 'cycle', value: true, position };
    case 'as':
      p.advance();
      return { kind: 'as', type: parseTypeName(p), position };
    case 'sequence':
      p.advance();
      p.expect('name');
      return { kind: 'name', name: p.qualifiedName(), position };
    case 'owned':
      return parseOwnedBy(p, position);
    case 'no':
      p.advance();
      if (p.accept('minvalue')) return { kind: 'minValue', value: undefined, position };
      if (p.accept('maxvalue')) return { kind: 'maxValue', value: undefined, position };
      p.expect('cycle');
      return { kind: 'cycle', value: false, position };
    default:
      return undefined;
  }
}

function parseOwnedBy(p: Cursor, position: number): SequenceOption {
  p.advance();
  p.expect('by');
  if (p.accept('none')) return { kind: 'ownedBy', column: undefined, position };
  const column = [p.columnName()];
  while (p.accept('.')) column.push(p.label());
  if (column.length === 1)
    p.refuse('invalid OWNED BY option: specify OWNED BY table.column or OWNED BY NONE', position);
  return { kind: 'ownedBy', column, position };
}

function atNumber(p: Cursor): boolean {
  return p.code === INTEGER || p.code === DECIMAL || p.at('-') || p.at('+');
}

function parseInteger(p: Cursor): string {
  const sign = p.at('-') ? '-' : '';
  if (p.at('-') || p.at('+')) p.advance();
  if (p.code !== INTEGER && p.code !== DECIMAL) p.fail();
  const text = sign + p.tokenText();
  p.advance();
  return text;
}
