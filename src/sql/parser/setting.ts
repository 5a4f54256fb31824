/** SET, RESET and SHOW. */
import type { TimePoint } from '../ast-query.ts';
import type { SetSetting, ShowSetting } from '../ast-statement.ts';
import { STRING } from '../lexer.ts';
import type { Cursor } from './cursor.ts';
import { parseOptionValue, parseWordValue } from './option.ts';
import { parseTimePoint } from './system-time.ts';

/** Parses what follows SET [LOCAL | SESSION]. */
export function parseSetRest(p: Cursor, position: number, local: boolean): SetSetting {
  const set = (name: string, values: readonly string[] | undefined, asOf?: TimePoint): SetSetting => ({
    kind: 'set',
    local,
    name,
    values,
    asOf,
    position,
    end: p.lastEnd,
  });
  if (p.at('time') && p.peekWord() === 'zone') {
    p.advance();
    p.advance();
    const values = parseZone(p);
    return set('timezone', values);
  }
  if (p.at('schema') && p.peekCode() === STRING) {
    p.advance();
    return set('search_path', [p.string()]);
  }
  if (p.accept('names')) return set('client_encoding', p.code === STRING ? [p.string()] : parseDefault(p));
  if (p.accept('role')) return set('role', [p.code === STRING ? p.string() : p.nonReservedWord()]);
  if (p.acceptAll('session', 'authorization')) return set('session_authorization', [parseOptionValue(p)]);
  if (p.acceptAll('xml', 'option')) return set('xmloption', [p.label()]);
  const name = parseSettingName(p);
  if (p.acceptAll('from', 'current')) return set(name, undefined);
  if (!p.accept('=')) p.expect('to');
  if (p.accept('default')) return set(name, undefined);
  if (name === 'drift.as_of' && (p.atName('seq') || p.atName('tag'))) {
    const asOf = parseTimePoint(p);
    return set(name, [], asOf);
  }
  const values = p.list(() => parseWordValue(p));
  return set(name, values);
}

function parseDefault(p: Cursor): undefined {
  p.accept('default');
  return undefined;
}

export function parseSettingName(p: Cursor): string {
  let name = p.columnName();
  while (p.accept('.')) name += `.${p.columnName()}`;
  return name.toLowerCase();
}

function parseZone(p: Cursor): readonly string[] | undefined {
  if (p.accept('default') || p.accept('local')) return undefined;
  if (!p.accept('interval')) return [parseOptionValue(p)];
  const text = p.string();
  if (p.at('hour') || p.at('minute')) {
    p.advance();
    if (p.accept('to')) p.expect('minute');
  }
  return [text];
}

export function parseReset(p: Cursor): SetSetting {
  const { position } = p;
  p.expect('reset');
  let name: string | undefined;
  if (p.acceptAll('time', 'zone')) name = 'timezone';
  else if (p.acceptAll('session', 'authorization')) name = 'session_authorization';
  else if (p.at('transaction') && p.peekWord() === 'isolation') {
    p.advance();
    p.advance();
    p.expect('level');
    name = 'transaction_isolation';
  } else if (!p.accept('all')) name = parseSettingName(p);
  return { kind: 'set', local: false, name, values: undefined, reset: true, asOf: undefined, position, end: p.lastEnd };
}

export function parseShow(p: Cursor): ShowSetting {
  const { position } = p;
  p.expect('show');
  let name: string | undefined;
  if (p.acceptAll('time', 'zone')) name = 'timezone';
  else if (p.acceptAll('session', 'authorization')) name = 'session_authorization';
  else if (p.at('transaction') && p.peekWord() === 'isolation') {
    p.advance();
    p.advance();
    p.expect('level');
    name = 'transaction_isolation';
  } else if (!p.accept('all')) name = parseSettingName(p);
  return { kind: 'show', name, position, end: p.lastEnd };
}
