/** The options of COPY, checked as PostgreSQL checks them. */
import { DriftError } from '../../base/error.ts';
import type { Copy, CopyOption } from '../../sql/ast-statement.ts';

export interface CopyFormat {
  readonly csv: boolean;
  readonly delimiter: string;
  /** The text that stands for NULL. */
  readonly nullText: string;
  readonly header: 'none' | 'skip' | 'match';
  readonly quote: string;
  readonly escape: string;
  /** Names of columns; `all`: `*`. */
  readonly forceQuote: readonly string[] | 'all';
  readonly forceNotNull: readonly string[];
  readonly forceNull: readonly string[];
  /** Label of the encoding, in lower case without punctuation: utf8, latin1 … */
  readonly encoding: string;
}

export function formatOf(copy: Copy): CopyFormat {
  const given = collect(copy.options);
  const format = given.get('format')?.value ?? 'text';
  if (format === 'binary') throw refuse('0A000', 'COPY in binary format is not supported', given.get('format'));
  if (format !== 'csv' && format !== 'text')
    throw refuse('22023', `COPY format "${format}" not recognized`, given.get('format'));
  const csv = format === 'csv';
  const text = (name: string): string | undefined => given.get(name)?.value;
  const result: CopyFormat = {
    csv,
    delimiter: text('delimiter') ?? (csv ? ',' : '\t'),
    nullText: text('null') ?? (csv ? '' : '\\N'),
    header: headerOf(given.get('header')),
    quote: text('quote') ?? '"',
    escape: text('escape') ?? text('quote') ?? '"',
    forceQuote: listOf(given.get('force_quote'), true),
    forceNotNull: listOf(given.get('force_not_null'), false) as readonly string[],
    forceNull: listOf(given.get('force_null'), false) as readonly string[],
    encoding: (text('encoding') ?? 'utf8').toLowerCase().replace(/[^a-z0-9]/g, ''),
  };
  check(result, given, copy);
  return result;
}

const KNOWN = [
  'format',
  'freeze',
  'delimiter',
  'null',
  'header',
  'quote',
  'escape',
  'force_quote',
  'force_not_null',
  'force_null',
  'encoding',
];

function collect(options: readonly CopyOption[]): Map<string, CopyOption> {
  const given = new Map<string, CopyOption>();
  for (const option of options) {
    if (!KNOWN.includes(option.name)) throw refuse('42601', `option "${option.name}" not recognized`, option);
    if (given.has(option.name)) throw refuse('42601', 'conflicting or redundant options', option);
    given.set(option.name, option);
  }
  return given;
}

function headerOf(option: CopyOption | undefined): CopyFormat['header'] {
  if (option === undefined) return 'none';
  switch (option.value?.toLowerCase()) {
    case undefined:
    case 'true':
    case 'on':
    case '1':
      return 'skip';
    case 'false':
    case 'off':
    case '0':
      return 'none';
    case 'match':
      return 'match';
    default:
      throw refuse('42601', 'header requires a Boolean value or "match"', option);
  }
}

/** `*` comes as an empty list. */
function listOf(option: CopyOption | undefined, star: boolean): readonly string[] | 'all' {
  if (option === undefined) return [];
  const { list } = option;
  if (list === undefined || (list.length === 0 && !star))
    throw refuse('22023', `argument to option "${option.name}" must be a list of column names`, option);
  return list.length === 0 ? 'all' : list;
}

function check(format: CopyFormat, given: ReadonlyMap<string, CopyOption>, { direction }: Copy): void {
  const fail = (code: string, message: string, name: string): never => {
    throw refuse(code, message, given.get(name));
  };
  const { csv, delimiter, nullText, quote, escape } = format;
  if (!isOneByte(delimiter)) fail('0A000', 'COPY delimiter must be a single one-byte character', 'delimiter');
  if (/[\r\n]/.test(delimiter)) fail('22023', 'COPY delimiter cannot be newline or carriage return', 'delimiter');
  if (/[\r\n]/.test(nullText)) fail('22023', 'COPY null representation cannot use newline or carriage return', 'null');
  if (!csv && /[\\.a-z0-9]/.test(delimiter)) fail('22023', `COPY delimiter cannot be "${delimiter}"`, 'delimiter');
  for (const name of ['quote', 'escape', 'force_quote', 'force_not_null', 'force_null']) {
    if (csv || !given.has(name)) continue;
    const what = name.replace(/_/g, ' ');
    fail('0A000', `COPY ${name === 'force_not_null' ? 'force not null' : what} available only in CSV mode`, name);
  }
  if (csv && !isOneByte(quote)) fail('0A000', 'COPY quote must be a single one-byte character', 'quote');
  if (csv && !isOneByte(escape)) fail('0A000', 'COPY escape must be a single one-byte character', 'escape');
  if (csv && delimiter === quote) fail('22023', 'COPY delimiter and quote must be different', 'delimiter');
  if (direction === 'from' && given.has('force_quote'))
    fail('0A000', 'COPY force quote only available using COPY TO', 'force_quote');
  for (const name of ['force_not_null', 'force_null']) {
    if (direction === 'to' && given.has(name))
      fail('0A000', `COPY ${name.replace(/_/g, ' ')} only available using COPY FROM`, name);
  }
  if (direction === 'to' && format.header === 'match')
    fail('42601', 'cannot use "match" with HEADER in COPY TO', 'header');
  if (nullText.includes(delimiter)) fail('0A000', 'COPY delimiter must not appear in the NULL specification', 'null');
  if (csv && nullText.includes(quote))
    fail('0A000', 'CSV quote character must not appear in the NULL specification', 'null');
}

function isOneByte(text: string): boolean {
  return text.length === 1 && text.charCodeAt(0) < 128;
}

function refuse(code: string, message: string, option: CopyOption | undefined): DriftError {
  return new DriftError(code, message, { position: option?.position });
}
