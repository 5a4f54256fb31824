/** Whether a clause of system time stands here: what every table's name asks, apart from what reads the clause. */
import { OPERATOR, STRING } from '../lexer.ts';
import type { Cursor } from './cursor.ts';

export function atSystemTime(p: Cursor): boolean {
  return (p.at('for') && p.atName('system_time', 1)) || atSign(p);
}

function atSign(p: Cursor): boolean {
  if (p.code !== OPERATOR || p.tokenText() !== '@') return false;
  return p.peekCode() === STRING || ((p.atName('seq', 1) || p.atName('tag', 1)) && p.peekWord(2) === ':');
}
