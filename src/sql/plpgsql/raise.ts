/** RAISE: a level, then a format with its arguments, or a condition; then options. */
import { DriftError } from '../../base/error.ts';
import type { PlExpression, Raise, RaiseLevel, RaiseOption } from './ast.ts';
import type { Reader } from './reader.ts';

const LEVELS: readonly RaiseLevel[] = ['debug', 'log', 'info', 'notice', 'warning', 'exception'];
const OPTIONS: readonly RaiseOption[] = [
  'message',
  'detail',
  'hint',
  'errcode',
  'column',
  'constraint',
  'datatype',
  'table',
  'schema',
];

export function parseRaise(r: Reader): Raise {
  const { p, line } = r;
  p.advance();
  const args: PlExpression[] = [];
  const options: { option: RaiseOption; value: PlExpression }[] = [];
  if (p.accept(';'))
    return { kind: 'raise', level: undefined, condition: undefined, format: undefined, args, options, line };
  let level: RaiseLevel = 'exception';
  for (const word of LEVELS) {
    if (!r.accept(word)) continue;
    level = word;
    break;
  }
  let condition: string | undefined;
  let format: string | undefined;
  const { position } = p;
  if (p.code === 5) {
    format = p.string();
    while (p.accept(',')) args.push(r.expression([',', 'using', ';']));
    const places = format.replaceAll('%%', '').split('%').length - 1;
    if (places !== args.length)
      throw new DriftError('42601', `too ${places > args.length ? 'few' : 'many'} parameters specified for RAISE`, {
        position,
      });
  } else if (r.accept('sqlstate')) {
    condition = p.string();
  } else if (!r.at('using')) {
    condition = p.label().toLowerCase();
  }
  if (r.accept('using')) {
    do {
      const { position: at } = p;
      const word = p.label().toLowerCase();
      const option = OPTIONS.find((candidate) => candidate === word);
      if (option === undefined) throw new DriftError('42601', 'unrecognized RAISE statement option', { position: at });
      if (!p.accept('=')) p.expect(':=');
      options.push({ option, value: r.expression([',', ';']) });
    } while (p.accept(','));
  }
  p.expect(';');
  return { kind: 'raise', level, condition, format, args, options, line };
}
