/** Statements and the trees they give; what is refused, with position. */
import { describe, expect, test } from 'vitest';
import { DriftError } from '../../base/error.ts';
import type { Statement } from '../ast-statement.ts';
import { parse, parseExpression, parseOne, parseTypeName, statements } from './parser.ts';

function errorOf(sql: string): unknown {
  try {
    parse(sql);
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('errors name the token and its position', () => {
  const CASES: [sql: string, message: string, position: number, code?: string][] = [
    ['selekt 1', 'syntax error at or near "selekt"', 1],
    ['select 1 from', 'syntax error at end of input', 14],
    ['select 1 +', 'syntax error at end of input', 11],
    ['select 1 < 2 < 3', 'syntax error at or near "<"', 14],
    ['select a like b like c', 'syntax error at or near "like"', 17],
    ['select int(5)', 'syntax error at or near "("', 11],
    ['select f(x)[1]', 'syntax error at or near "["', 12],
    ['select (1,', 'syntax error at end of input', 11],
    ['select 1; selec 2', 'syntax error at or near "selec"', 11],
    ['select a b c', 'syntax error at or near "c"', 12],
    ['select * from t where', 'syntax error at end of input', 22],
    ['select * from (select 1)', 'subquery in FROM must have an alias', 15],
    ['insert into t', 'syntax error at end of input', 14],
    ['create table t (a)', 'syntax error at end of input', 19],
    ['create table t (a int,)', 'syntax error at or near ")"', 23],
    ['update t set', 'syntax error at end of input', 13],
    ['select 1 limit 1, 2', 'LIMIT #,# syntax is not supported', 17],
    ["select 'abc", 'unterminated quoted string at or near "\'abc"', 8],
    ['select 1 as from t', 'syntax error at or near "t"', 18],
    ['select a.b.c.d.e(1)', 'improper qualified name (too many dotted names): a.b.c.d.e', 8],
    [
      'select sum(a) over (rows between current row and 1 preceding)',
      'frame starting from current row cannot have preceding rows',
      50,
      '42P20',
    ],
    ['select $1a', 'trailing junk after parameter at or near "$1a"', 8],
    [
      'insert into t values (1) on conflict do update set a = 1',
      'ON CONFLICT DO UPDATE requires inference specification or constraint name',
      26,
    ],
  ];
  test.each(CASES)('%s', (sql, message, position, code = '42601') => {
    const error = errorOf(sql);
    expect(error).toBeInstanceOf(DriftError);
    expect(error).toMatchObject({ code, message, position });
  });
});

/** The tree without positions and undefined properties. */
function bare(node: unknown): unknown {
  return JSON.parse(
    JSON.stringify(node, (key, value: unknown) =>
      key === 'position' || key === 'end' || key === 'bodyPosition' ? undefined : value,
    ),
  );
}

describe('statements', () => {
  const CASES: [sql: string, tree: object][] = [
    ['begin', { kind: 'begin', modes: {} }],
    [
      'begin transaction isolation level repeatable read, read only',
      { modes: { isolation: 'repeatable read', readOnly: true } },
    ],
    [
      'begin read only as of seq 12',
      { modes: { readOnly: true, asOf: { kind: 'seq', value: { kind: 'integer', value: 12 } } } },
    ],
    ["start transaction as of '2020-01-01'", { kind: 'begin', modes: { asOf: { kind: 'timestamp' } } }],
    ['commit', { kind: 'commit', chain: false }],
    ['end', { kind: 'commit' }],
    ['abort', { kind: 'rollback' }],
    ['rollback to savepoint a', { kind: 'rollback', savepoint: 'a' }],
    ['savepoint a', { kind: 'savepoint', name: 'a' }],
    ['release a', { kind: 'release', name: 'a' }],
    ['create tag v1', { kind: 'createTag', name: 'v1' }],
    ['create tag if not exists "V 1" as of tag \'x\'', { name: 'V 1', ifNotExists: true, at: { kind: 'tag' } }],
    ['drop tag if exists v1', { kind: 'dropTag', name: 'v1', ifExists: true }],
    ['set drift.as_of = 5', { kind: 'set', name: 'drift.as_of', values: ['5'] }],
    ['set drift.as_of = seq 5', { kind: 'set', name: 'drift.as_of', asOf: { kind: 'seq' } }],
    ["set local time zone 'UTC'", { kind: 'set', local: true, name: 'timezone', values: ['UTC'] }],
    ['set search_path to a, "B"', { name: 'search_path', values: ['a', 'B'] }],
    ['reset all', { kind: 'set' }],
    ['show timezone', { kind: 'show', name: 'timezone' }],
    [
      'create temp table if not exists s.t (a serial primary key, b varchar(5) not null default 1 + 2 check (b > 0) references u (x) on delete set null, constraint c unique (a, b), foreign key (a) references v match full on update cascade deferrable)',
      {
        kind: 'createTable',
        persistence: 'temporary',
        ifNotExists: true,
        name: { schema: 's', name: 't' },
        elements: [
          { kind: 'column', name: 'a', type: { name: 'serial' }, constraints: [{ kind: 'primaryKey' }] },
          {
            kind: 'column',
            constraints: [
              { kind: 'notNull' },
              { kind: 'default', expression: { kind: 'binary' } },
              { kind: 'check' },
              { kind: 'references', references: { onDelete: { action: 'set null' }, columns: [{ name: 'x' }] } },
            ],
          },
          { kind: 'unique', name: 'c', columns: [{ name: 'a' }, { name: 'b' }] },
          { kind: 'foreignKey', references: { match: 'full', onUpdate: { action: 'cascade' } }, deferrable: true },
        ],
      },
    ],
    [
      'create table t (id bigint generated by default as identity (start with 5 increment -1), x int generated always as (id * 2) stored)',
      {
        elements: [
          {
            constraints: [
              {
                kind: 'identity',
                when: 'by default',
                options: [
                  { kind: 'start', value: '5' },
                  { kind: 'increment', value: '-1' },
                ],
              },
            ],
          },
          { constraints: [{ kind: 'generated' }] },
        ],
      },
    ],
    [
      'create table t (like u including all excluding indexes)',
      {
        elements: [
          {
            kind: 'like',
            options: [
              { including: true, property: 'all' },
              { including: false, property: 'indexes' },
            ],
          },
        ],
      },
    ],
    [
      'create table t (a, b) as select 1, 2 with no data',
      { kind: 'createTableAs', columns: ['a', 'b'], withData: false },
    ],
    [
      'create unique index concurrently i on t using btree (a desc nulls last, lower(b), (a + 1)) include (c) where a > 0',
      {
        kind: 'createIndex',
        unique: true,
        elements: [
          { descending: true, nullsFirst: false },
          { expression: { kind: 'call' } },
          { expression: { kind: 'binary' } },
        ],
        include: [{ name: 'c' }],
      },
    ],
    [
      'alter table if exists t add column if not exists a int, drop b cascade, alter c set default 1, alter d type text using d::text',
      {
        kind: 'alterTable',
        ifExists: true,
        actions: [
          { kind: 'addColumn', ifNotExists: true },
          { kind: 'dropColumn', cascade: true },
          { kind: 'setDefault' },
          { kind: 'alterType', using: { kind: 'cast' } },
        ],
      },
    ],
    ['alter table t rename to u', { kind: 'rename', newName: 'u' }],
    ['alter table t rename a to b', { kind: 'rename', part: { kind: 'column', name: 'a' }, newName: 'b' }],
    [
      'drop table if exists a, s.b cascade',
      {
        kind: 'drop',
        object: 'table',
        ifExists: true,
        cascade: true,
        names: [{ name: { name: 'a' } }, { name: { schema: 's', name: 'b' } }],
      },
    ],
    [
      'create or replace view v (a) with (security_barrier) as select 1 with check option',
      { kind: 'createView', orReplace: true, columns: ['a'], checkOption: 'cascaded' },
    ],
    ['create materialized view v as select 1', { kind: 'createTableAs', materializedView: true }],
    [
      'create sequence s as int increment by 2 no maxvalue cycle owned by t.a',
      {
        kind: 'createSequence',
        options: [
          { kind: 'as' },
          { kind: 'increment', value: '2' },
          { kind: 'maxValue' },
          { kind: 'cycle', value: true },
          { kind: 'ownedBy', column: ['t', 'a'] },
        ],
      },
    ],
    ["create type mood as enum ('a', 'b')", { kind: 'createEnum', labels: ['a', 'b'] }],
    [
      'create domain d as int not null check (value > 0)',
      { kind: 'createDomain', constraints: [{ kind: 'notNull' }, { kind: 'check' }] },
    ],
    [
      "create function f(a int, out b text, variadic c int[] default '{}') returns setof int language sql immutable strict as $$ select 1 $$",
      {
        kind: 'createFunction',
        args: [{ name: 'a' }, { mode: 'out' }, { mode: 'variadic', type: { arrayBounds: [null] } }],
        returns: { setOf: true },
        language: 'sql',
        volatility: 'immutable',
        strict: true,
        body: { text: ' select 1 ' },
      },
    ],
    ['create function f() returns int return 1', { sqlBody: { kind: 'integer' } }],
    [
      'create function f() returns int begin atomic select 1; return 2; end',
      { sqlBody: [{ kind: 'query' }, { kind: 'query' }] },
    ],
    [
      'create trigger g before insert or update of a, b on t for each row when (new.a > 1) execute function f(1, x)',
      {
        kind: 'createTrigger',
        time: 'before',
        forEachRow: true,
        args: ['1', 'x'],
        events: [{ event: 'insert' }, { event: 'update', columns: ['a', 'b'] }],
      },
    ],
    ['truncate table a, b restart identity cascade', { kind: 'truncate', restartIdentity: true, cascade: true }],
    [
      "copy t (a, b) from stdin with (format csv, header, null 'x', force_null (a))",
      {
        kind: 'copy',
        direction: 'from',
        options: [
          { name: 'format', value: 'csv' },
          { name: 'header' },
          { name: 'null', value: 'x' },
          { name: 'force_null', list: ['a'] },
        ],
      },
    ],
    ['copy (select 1) to stdout csv', { direction: 'to', options: [{ name: 'format', value: 'csv' }] }],
    [
      'explain (analyze, format json) select 1',
      { kind: 'explain', options: [{ name: 'analyze' }, { name: 'format', value: 'json' }] },
    ],
    ['explain analyze verbose select 1', { options: [{ name: 'analyze' }, { name: 'verbose' }] }],
    ['explain (select 1)', { options: [], statement: { kind: 'query' } }],
    ['prepare p (int) as select $1', { kind: 'prepare', types: [{ name: 'int4' }] }],
    ['declare c scroll cursor with hold for select 1', { kind: 'declareCursor', scroll: true, hold: true }],
    ['fetch backward 3 from c', { kind: 'fetch', direction: 'backward', count: 3 }],
    [
      'comment on column s.t.a is null',
      { kind: 'comment', object: 'column', name: { name: { schema: 's', name: 't' } }, column: 'a' },
    ],
    ['lock table t in share row exclusive mode nowait', { kind: 'lock', mode: 'share row exclusive', nowait: true }],
    ['do $$ begin end $$', { kind: 'do', language: 'plpgsql', body: ' begin end ' }],
    ['vacuum (full) t', { kind: 'maintenance', command: 'vacuum' }],
    ['grant select on t to public', { kind: 'grant', object: 'table', grantees: ['public'] }],
    ['revoke grant option for all on schema s from a, b cascade', { kind: 'revoke', object: 'schema', option: true }],
    ['create role r', { kind: 'createRole', name: 'r', options: { login: false } }],
    ['create tablespace t', { kind: 'unsupported', feature: 'CREATE TABLESPACE' }],
  ];
  test.each(CASES)('%s', (sql, tree) => {
    const statement = parseOne(sql);
    expect(bare(statement)).toMatchObject(tree);
    expect(statement.position).toBe(1);
    expect(statement.end).toBe(sql.length + 1);
  });
});

test('names are folded, quoted ones are not, long ones are cut at 63 bytes', () => {
  expect(parseExpression('Foo."Bar".ÄÖ')).toMatchObject({ names: ['foo', 'Bar', 'ÄÖ'] });
  expect(parseExpression('é'.repeat(40))).toMatchObject({ names: ['é'.repeat(31)] });
});

test('type names', () => {
  expect(parseTypeName('double precision')).toMatchObject({ name: 'float8' });
  expect(parseTypeName('timestamp (3) with time zone []')).toMatchObject({
    name: 'timestamptz',
    arrayBounds: [undefined],
  });
  expect(parseTypeName('float(24)')).toMatchObject({ name: 'float4' });
  expect(() => parseTypeName('int int')).toThrow('syntax error at or near "int"');
});

test('a script yields the statements before a bad one', () => {
  const seen: Statement['kind'][] = [];
  const run = (): void => {
    for (const statement of statements("select 1;; begin; select 'x; selec")) seen.push(statement.kind);
  };
  expect(run).toThrow('unterminated quoted string');
  expect(seen).toEqual(['query', 'begin']);
});

test('COPY data in a script are not read as SQL', () => {
  const script = "copy t from stdin;\n1\t'\n2\t;\n\\.\nselect 1;";
  const [copy, query] = parse(script);
  expect(query?.kind).toBe('query');
  expect(copy?.kind === 'copy' && script.slice(copy.data?.start, copy.data?.end)).toBe("1\t'\n2\t;\n");
});

describe('depth is bounded', () => {
  const NESTED: [name: string, make: (n: number) => string][] = [
    ['parentheses', (n) => `select ${'('.repeat(n)}1${')'.repeat(n)}`],
    ['subqueries', (n) => `select ${'(select '.repeat(n)}1${')'.repeat(n)}`],
    ['derived tables', (n) => `select * from ${'(select * from '.repeat(n)}t${') x'.repeat(n)}`],
    ['calls', (n) => `select ${'f('.repeat(n)}1${')'.repeat(n)}`],
    ['CASE', (n) => `select ${'case when '.repeat(n)}1${' then 1 end'.repeat(n)}`],
    ['NOT', (n) => `select ${'not '.repeat(n)}true`],
    ['operators', (n) => `select 1${'+1'.repeat(n)}`],
    ['casts', (n) => `select 1${'::int'.repeat(n)}`],
    ['arrays', (n) => `select array${'['.repeat(n)}${']'.repeat(n)}`],
    ['joins', (n) => `select * from t${' cross join t'.repeat(n)}`],
    ['joins in parentheses', (n) => `select * from ${'('.repeat(n)}t${' cross join t)'.repeat(n)}`],
    ['unions', (n) => `select 1${' union select 1'.repeat(n)}`],
    ['WITH', (n) => `${'with x as ('.repeat(n)}select 1${') select 1'.repeat(n)}`],
    ['windows', (n) => `select ${'f() over (order by '.repeat(n)}1${')'.repeat(n)}`],
    ['grouping sets', (n) => `select 1 group by ${'grouping sets ('.repeat(n)}a${')'.repeat(n)}`],
    ['EXPLAIN', (n) => `${'explain '.repeat(n)}select 1`],
  ];
  test.each(NESTED)('%s', (_name, make) => {
    expect(errorOf(make(10_000))).toMatchObject({ code: '54001' });
    expect(errorOf(make(20))).toSatisfy((error) => error === undefined || (error as DriftError).code === '42601');
  });

  test('left-deep chains inside nesting add up', () => {
    const chain = '+1'.repeat(90);
    const sql = `select ${'('.repeat(90)}1${`${chain})`.repeat(90)}`;
    expect(errorOf(sql)).toMatchObject({ code: '54001' });
  });

  test('500 levels and AND chains of any length are fine', () => {
    expect(errorOf(`select ${'('.repeat(500)}1${')'.repeat(500)}`)).toBeUndefined();
    expect(errorOf(`select a${' and a'.repeat(100_000)}`)).toBeUndefined();
  });
});

test('mutated statements give trees or errors with a position, nothing else', () => {
  const seeds = [
    'select a.b, count(*) filter (where x > 1) over (partition by y) from t as u left join v using (id) where a between 1 and 2 and not x in (select 1) order by 1 desc limit 3',
    "insert into t (a, b) values (1, 'x''y'), (2, E'\\n') on conflict (a) do update set b = excluded.b returning *",
    'create table t (id serial primary key, x numeric(8, 2) not null default 3 check (x > 0), foreign key (x) references u)',
    "select * from t for system_time between seq 1 and '2020-01-01'::timestamptz a, u@TAG:v",
    'with recursive x as (select 1 union all select n + 1 from x) select case when a then b end, array[1][1], $1 from x',
    "alter table t alter column a type int using a::int; create index on t (lower(a)); begin; explain analyze select interval '1' day",
  ];
  const pieces = [
    ...new Set(seeds.join(' ').split(/\b|(?=[^\w\s])/)),
    '\0',
    '\ud800',
    "'",
    '"',
    '$$',
    '/*',
    '--',
    ';',
    '((',
    '@SEQ:',
    'é',
  ];
  let state = 42;
  const random = (n: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  let accepted = 0;
  for (let round = 0; round < 20_000; round++) {
    let sql = seeds[random(seeds.length)] ?? '';
    for (let k = random(4); k >= 0; k--) {
      const at = random(sql.length + 1);
      const cut = random(3) === 0 ? random(12) : 0;
      sql = sql.slice(0, at) + (random(3) > 0 ? ` ${pieces[random(pieces.length)]} ` : '') + sql.slice(at + cut);
    }
    const error = errorOf(sql);
    if (error === undefined) {
      accepted++;
      continue;
    }
    if (!(error instanceof DriftError) || error.position === undefined || error.position > sql.length + 1) {
      throw new Error(`parsing ${JSON.stringify(sql)} gave ${String(error)}`, { cause: error });
    }
  }
  expect(accepted).toBeGreaterThan(500);
});

test('a 10 MB INSERT is read in linear time and space', () => {
  const rows: string[] = [];
  let length = 0;
  for (let i = 0; length < 10e6; i++) {
    const row = `(${i}, 'name ${i}', ${i}.25, null, true)`;
    rows.push(row);
    length += row.length + 1;
  }
  const statement = parseOne(`insert into t values ${rows.join(',')}`);
  expect(
    statement.kind === 'insert' && statement.source?.body.kind === 'values' && statement.source.body.rows.length,
  ).toBe(rows.length);
});
