/**
 * DriftDB's SQL for the editor: PostgreSQL's lexical rules, the words that structure a statement as keywords (not every
 * word of the standard: `id`, `day` and `name` are columns to most people), and time travel's own.
 */
import { PostgreSQL, SQLDialect } from '@codemirror/lang-sql';

const KEYWORDS: readonly string[] = `
  abort add after all alter always analyze and any as asc before begin between both by cascade case cast check collate
  column comment commit conflict constraint contained create cross current_date current_time current_timestamp database
  deallocate default deferrable deferred delete desc distinct do drop else end escape except execute exists explain
  false fetch filter first following for foreign from full function generated grant group grouping having identity if
  ilike immediate in include index initially inner insert intersect interval into is isolation join key last lateral
  leading left level like limit local lock materialized natural no not nothing nowait null nulls of offset on only or
  order ordinality outer over overriding partition preceding prepare primary range recursive references release rename
  repeatable replace reset restart restrict returning right rollback row rows savepoint schema select sequence
  serializable session set sets show similar skip some start symmetric system_time table temp temporary then ties to
  trailing transaction trigger true truncate type unbounded union unique unknown update using values view when where
  window with within without work
  seq tag undo
`
  .trim()
  .split(/\s+/);

export const DRIFT_SQL: SQLDialect = SQLDialect.define({ ...PostgreSQL.spec, keywords: KEYWORDS.join(' ') });
