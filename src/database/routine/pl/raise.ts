/** RAISE: messages for the client, and errors. */
import { DriftError } from '../../../base/error.ts';
import type { Task } from '../../../base/task.ts';
import type { TypeRef } from '../../../catalog/schema.ts';
import type { Raise, RaiseLevel } from '../../../sql/plpgsql/ast.ts';
import { typeByOid } from '../../../sql/types/registry.ts';
import type { Notice } from '../../api.ts';
import { codesNamed } from './conditions.ts';
import type { Frame } from './frame.ts';

const TEXT: TypeRef = { oid: 25, typmod: -1 };

/** The order of client_min_messages; INFO always goes out. */
const ORDER = ['debug5', 'debug4', 'debug3', 'debug2', 'debug1', 'debug', 'log', 'notice', 'warning', 'error'];

export function* raise(frame: Frame, statement: Raise): Task<void> {
  const { level } = statement;
  if (level === undefined) {
    if (frame.handled === null)
      throw new DriftError('0Z002', 'RAISE without parameters cannot be used outside an exception handler');
    throw frame.handled;
  }
  let code = statement.condition === undefined ? undefined : codeOf(statement.condition);
  let message = statement.format === undefined ? undefined : yield* formatted(frame, statement);
  const fields: Partial<Record<'detail' | 'hint' | 'column' | 'constraint' | 'dataType' | 'table' | 'schema', string>> =
    {};
  for (const { option, value: syntax } of statement.options) {
    const value = yield* frame.evaluate(syntax, TEXT);
    if (value === null) throw new DriftError('22004', 'RAISE statement option cannot be null');
    const text = value as string;
    if (option === 'errcode') code = once(option, code, codeOf(text));
    else if (option === 'message') message = once(option, message, text);
    else {
      const name = option === 'datatype' ? 'dataType' : option;
      fields[name] = once(option, fields[name], text);
    }
  }
  message ??= statement.condition ?? code ?? 'unnamed condition';
  if (level === 'exception') throw new DriftError(code ?? 'P0001', message, fields);
  if (isSent(frame, level)) frame.scene.notices.push(noticeOf(level, code, message, fields));
}

function noticeOf(
  level: RaiseLevel,
  code: string | undefined,
  message: string,
  fields: Record<string, string>,
): Notice {
  const notice: Notice = {
    severity: level.toUpperCase() as Notice['severity'],
    code: code ?? (level === 'warning' ? '01000' : '00000'),
    message,
  };
  const { detail, hint } = fields;
  return detail === undefined && hint === undefined ? notice : { ...notice, detail, hint };
}

function once(option: string, before: string | undefined, text: string): string {
  if (before !== undefined) throw new DriftError('42601', `RAISE option already specified: ${option.toUpperCase()}`);
  return text;
}

/** The SQLSTATE that a name or the code itself stands for. */
function codeOf(condition: string): string {
  if (/^[0-9A-Z]{5}$/.test(condition)) return condition;
  const code = codesNamed(condition.toLowerCase())?.[0];
  if (code === undefined) throw new DriftError('42704', `unrecognized exception condition "${condition}"`);
  return code;
}

function* formatted(frame: Frame, { format, args }: Raise): Task<string> {
  let text = '';
  let next = 0;
  for (const part of (format ?? '').split(/(%%|%)/)) {
    if (part === '%%') text += '%';
    else if (part !== '%') text += part;
    else {
      const syntax = args[next++];
      if (syntax === undefined) throw new DriftError('42601', 'too few parameters specified for RAISE');
      const value = yield* frame.evaluate(syntax, null);
      text += value === null ? '<NULL>' : typeByOid(frame.lastOid).output(value, frame.scene.eval);
    }
  }
  return text;
}

function isSent(frame: Frame, level: RaiseLevel): boolean {
  if (level === 'info') return true;
  const least = ORDER.indexOf(frame.scene.settings.get('client_min_messages') ?? 'notice');
  return ORDER.indexOf(level) >= (least < 0 ? ORDER.indexOf('notice') : least);
}
