/**
 * The key words of PostgreSQL 15 (appendix C of its manual, src/include/parser/kwlist.h) with their categories.
 *
 * The category says what a word may name without quotes. Words of later versions and of DriftDB's own syntax (SEQ, TAG,
 * SYSTEM_TIME) are ordinary identifiers, recognised only where they can stand.
 *
 * A token's code is below FIRST_KEYWORD for everything else (see lexer.ts), so that one small integer says all about it.
 */

/** Never a name, except as a label after AS. */
const RESERVED =
  'all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create ' +
  'current_catalog current_date current_role current_time current_timestamp current_user default deferrable desc ' +
  'distinct do else end except false fetch for foreign from grant group having in initially intersect into ' +
  'lateral leading limit localtime localtimestamp not null offset on only or order placing primary references ' +
  'returning select session_user some symmetric table then to trailing true union unique user using variadic when ' +
  'where window with';

/** May name functions and types, not columns or tables. */
const TYPE_OR_FUNCTION =
  'authorization binary collation concurrently cross current_schema freeze full ilike inner is isnull join left ' +
  'like natural notnull outer overlaps right similar tablesample verbose';

/** May name columns and tables, not functions or types. */
const COLUMN_NAME =
  'between bigint bit boolean char character coalesce dec decimal exists extract float greatest grouping inout ' +
  'int integer interval least national nchar none normalize nullif numeric out overlay position precision real ' +
  'row setof smallint substring time timestamp treat trim values varchar xmlattributes xmlconcat xmlelement ' +
  'xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable';

/** May name anything. */
const UNRESERVED =
  'abort absolute access action add admin after aggregate also alter always asensitive assertion assignment at ' +
  'atomic attach attribute backward before begin breadth by cache call called cascade cascaded catalog chain ' +
  'characteristics checkpoint class close cluster columns comment comments commit committed compression ' +
  'configuration conflict connection constraints content continue conversion copy cost csv cube current cursor ' +
  'cycle data database day deallocate declare defaults deferred definer delete delimiter delimiters depends depth ' +
  'detach dictionary disable discard document domain double drop each enable encoding encrypted enum escape event ' +
  'exclude excluding exclusive execute explain expression extension external family filter finalize first ' +
  'following force forward function functions generated global granted groups handler header hold hour identity ' +
  'if immediate immutable implicit import include including increment index indexes inherit inherits inline input ' +
  'insensitive insert instead invoker isolation key label language large last leakproof level listen load local ' +
  'location lock locked logged mapping match matched materialized maxvalue merge method minute minvalue mode ' +
  'month move name names new next nfc nfd nfkc nfkd no normalized nothing notify nowait nulls object of off oids ' +
  'old operator option options ordinality others over overriding owned owner parallel parameter parser partial ' +
  'partition passing password plans policy preceding prepare prepared preserve prior privileges procedural ' +
  'procedure procedures program publication quote range read reassign recursive ref referencing refresh reindex ' +
  'relative release rename repeatable replace replica reset restart restrict return returns revoke role rollback ' +
  'rollup routine routines rows rule savepoint schema schemas scroll search second security sequence sequences ' +
  'serializable server session set sets share show simple skip snapshot sql stable standalone start statement ' +
  'statistics stdin stdout storage stored strict strip subscription support sysid system tables tablespace temp ' +
  'template temporary text ties transaction transform trigger truncate trusted type types uescape unbounded ' +
  'uncommitted unencrypted unknown unlisten unlogged until update vacuum valid validate validator value varying ' +
  'version view views volatile whitespace within without work wrapper write xml year yes zone';

/** Not a column label without AS. */
const LABEL_NEEDS_AS =
  'array as char character create day except fetch filter for from grant group having hour intersect into isnull ' +
  'limit minute month notnull offset on order over overlaps precision returning second to union varying where ' +
  'window with within without year';

export type Category = 0 | 1 | 2 | 3;
export const CATEGORY_UNRESERVED = 0;
export const CATEGORY_COLUMN_NAME = 1;
export const CATEGORY_TYPE_OR_FUNCTION = 2;
export const CATEGORY_RESERVED = 3;

/** Codes of keywords begin here. */
export const FIRST_KEYWORD = 256;

/** The words in the order of their codes. */
export const KEYWORDS: readonly string[] = [UNRESERVED, COLUMN_NAME, TYPE_OR_FUNCTION, RESERVED].flatMap((list) =>
  list.split(' '),
);

/** Category by code - FIRST_KEYWORD. */
export const CATEGORIES: Uint8Array = Uint8Array.from(
  [UNRESERVED, COLUMN_NAME, TYPE_OR_FUNCTION, RESERVED].flatMap((list, category) =>
    list.split(' ').map(() => category),
  ),
);

const needsAs = new Set(LABEL_NEEDS_AS.split(' '));

/** 1 where the word can be a column label without AS, by code - FIRST_KEYWORD. */
export const BARE_LABEL: Uint8Array = Uint8Array.from(KEYWORDS, (word) => (needsAs.has(word) ? 0 : 1));

const LONGEST = 17;

/** Codes of the words of one length that begin with one letter, at `length * 26 + letter`. */
const buckets: number[][] = Array.from({ length: (LONGEST + 1) * 26 }, () => []);
KEYWORDS.forEach((word, i) => {
  buckets[word.length * 26 + word.charCodeAt(0) - 97]?.push(FIRST_KEYWORD + i);
});

/** Returns the code of the keyword at text[start, end), whatever its case, or 0. */
export function keywordCode(text: string, start: number, end: number): number {
  const length = end - start;
  const first = (text.charCodeAt(start) | 32) - 97;
  if (length > LONGEST || first < 0 || first > 25) return 0;
  const bucket = buckets[length * 26 + first] as number[];
  for (let i = 0; i < bucket.length; i++) {
    const code = bucket[i] as number;
    const word = KEYWORDS[code - FIRST_KEYWORD] as string;
    let k = 1;
    // `| 32` makes letters lower case; the only other character it maps onto a word's characters is DEL on underscore.
    while (k < length && (text.charCodeAt(start + k) | 32) === (word.charCodeAt(k) | 32)) k++;
    if (k === length) return code;
  }
  return 0;
}
