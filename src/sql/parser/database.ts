/**
 * Commands on what DriftDB has one or none of (databases, subscriptions, libraries, default privileges), read in full:
 * what PostgreSQL's grammar does not know is a syntax error (42601), and what is named and not there is said to be
 * missing, before the command is refused by name (0A000).
 */
import type { MissingSubject } from '../ast-role.ts';
import type { UnsupportedStatement } from '../ast-statement.ts';
import { FIRST_KEYWORD } from '../keywords.ts';
import { DECIMAL, INTEGER, STRING } from '../lexer.ts';
import type { Cursor } from './cursor.ts';
import { parseOptions } from './option.ts';
import { parseDefaultGrant, parseRoles } from './role.ts';
import { skipUnsupported } from './unsupported.ts';

/** Behind CREATE or ALTER, where the word is one of these; undefined for any other. */
export function parseDatabaseCommand(p: Cursor, position: number, verb: 'CREATE' | 'ALTER'): Result | undefined {
  switch (p.word) {
    case 'database':
      return verb === 'CREATE' ? createDatabase(p, position) : alterDatabase(p, position);
    case 'default':
      if (verb === 'ALTER') return alterDefaultPrivileges(p, position);
      p.advance();
      if (!p.at('conversion')) p.fail();
      return skipUnsupported(p, position, 'CREATE DEFAULT CONVERSION');
    case 'subscription':
      return verb === 'CREATE' ? createSubscription(p, position) : undefined;
    case 'statistics':
      return verb === 'CREATE' ? createStatistics(p, position) : undefined;
    default:
      return undefined;
  }
}

type Result = UnsupportedStatement;

function refused(p: Cursor, position: number, feature: string, subjects: readonly MissingSubject[] = []): Result {
  return { kind: 'unsupported', feature, subjects, position, end: p.lastEnd };
}

function createDatabase(p: Cursor, position: number): Result {
  p.expect('database');
  const name = p.columnName();
  const options = parseDatabaseOptions(p);
  const subjects: MissingSubject[] = [];
  for (const [option, value] of options) {
    if (option === 'owner' && value !== undefined) subjects.push({ kind: 'role', name: value });
    if (option === 'encoding' && value !== undefined) subjects.push({ kind: 'encoding', name: value });
    if ((option === 'lc_collate' || option === 'lc_ctype') && value !== undefined)
      subjects.push({ kind: 'locale', name: value });
  }
  subjects.push({ kind: 'newDatabase', name });
  const template = options.find(([option]) => option === 'template')?.[1];
  if (template !== undefined) subjects.push({ kind: 'template', name: template });
  return refused(p, position, 'CREATE DATABASE', subjects);
}

const DATABASE_OPTIONS = new Set([
  'allow_connections',
  'collation_version',
  'connection limit',
  'encoding',
  'icu_locale',
  'is_template',
  'lc_collate',
  'lc_ctype',
  'locale',
  'locale_provider',
  'location',
  'oid',
  'owner',
  'strategy',
  'tablespace',
  'template',
]);
const OPTION_KEYWORDS = new Set(['encoding', 'location', 'owner', 'tablespace', 'template']);

/** `[WITH] name [=] value …`; a value that is DEFAULT is undefined. */
function parseDatabaseOptions(p: Cursor): (readonly [name: string, value: string | undefined])[] {
  const options: (readonly [string, string | undefined])[] = [];
  p.accept('with');
  while (p.code !== 0 && !p.at(';')) {
    const { position } = p;
    let name: string;
    if (p.acceptAll('connection', 'limit')) name = 'connection limit';
    else {
      // Words of the grammar, but for these, are no names of options.
      if (p.code >= FIRST_KEYWORD && !OPTION_KEYWORDS.has(p.word)) p.fail();
      name = p.label();
    }
    if (!DATABASE_OPTIONS.has(name)) p.refuse(`option "${name}" not recognized`, position);
    p.accept('=');
    options.push([name, optionValue(p)]);
  }
  return options;
}

function optionValue(p: Cursor): string | undefined {
  if (p.accept('default')) return undefined;
  if (p.code === STRING) return p.string();
  const signed = p.accept('-') || p.accept('+');
  if (p.code === INTEGER || p.code === DECIMAL) {
    const text = p.tokenText();
    p.advance();
    return text;
  }
  if (signed) p.fail();
  if (p.at('true') || p.at('false') || p.at('on')) return p.label();
  return p.nonReservedWord();
}

function alterDatabase(p: Cursor, position: number): Result {
  p.expect('database');
  const subjects: MissingSubject[] = [{ kind: 'database', name: p.columnName() }];
  if (p.acceptAll('rename', 'to')) p.columnName();
  else if (p.acceptAll('owner', 'to')) subjects.push(...roles([parseRoles(p)[0] as string]));
  else if (p.acceptAll('set', 'tablespace')) p.columnName();
  else if (p.accept('set')) {
    p.columnName();
    while (p.accept('.')) p.label();
    if (!p.accept('=')) p.expect('to');
    do optionValue(p);
    while (p.accept(','));
  } else if (p.accept('reset')) {
    if (!p.accept('all')) p.columnName();
  } else if (p.acceptAll('refresh', 'collation')) p.expect('version');
  else if (parseDatabaseOptions(p).length === 0) p.fail();
  return refused(p, position, 'ALTER DATABASE', subjects);
}

const roles = (names: readonly string[]): MissingSubject[] => names.map((name) => ({ kind: 'role', name }));

/** ALTER DEFAULT PRIVILEGES [FOR ROLE …] [IN SCHEMA …] GRANT | REVOKE …. */
function alterDefaultPrivileges(p: Cursor, position: number): Result {
  p.expect('default');
  p.expect('privileges');
  const subjects: MissingSubject[] = [];
  const schemas: string[] = [];
  while (p.at('for') || p.at('in')) {
    if (p.accept('in')) {
      p.expect('schema');
      schemas.push(...p.list(() => p.columnName()));
      continue;
    }
    p.expect('for');
    if (!p.accept('role')) p.expect('user');
    subjects.push(...roles(p.list(() => parseRoles(p)[0] as string)));
  }
  const { grantees, invalid, onSchemas } = parseDefaultGrant(p);
  subjects.push(...roles(grantees));
  if (invalid !== undefined) subjects.push({ kind: 'invalid', name: invalid });
  if (onSchemas && schemas.length > 0)
    subjects.push({ kind: 'invalid', name: 'cannot use IN SCHEMA clause when using GRANT/REVOKE ON SCHEMAS' });
  for (const name of schemas) subjects.push({ kind: 'schema', name });
  return refused(p, position, 'ALTER DEFAULT PRIVILEGES', subjects);
}

function createSubscription(p: Cursor, position: number): Result {
  p.expect('subscription');
  p.columnName();
  p.expect('connection');
  p.string();
  p.expect('publication');
  p.list(() => p.columnName());
  if (p.accept('with')) parseOptions(p);
  return refused(p, position, 'CREATE SUBSCRIPTION');
}

function createStatistics(p: Cursor, position: number): Result {
  p.expect('statistics');
  p.acceptIfNotExists();
  p.qualifiedName();
  if (p.at('(')) p.parenthesisedNames();
  p.expect('on');
  p.list(() => p.grammar.expression(p));
  p.expect('from');
  p.list(() => p.qualifiedName());
  return refused(p, position, 'CREATE STATISTICS');
}

/** LOAD 'file'. */
export function parseLoad(p: Cursor): Result {
  const { position } = p;
  p.expect('load');
  return refused(p, position, 'LOAD', [{ kind: 'library', name: p.string() }]);
}

export function parseImport(p: Cursor): Result {
  const { position } = p;
  p.expect('import');
  if (!p.at('foreign')) p.fail();
  return skipUnsupported(p, position, 'IMPORT FOREIGN SCHEMA');
}
