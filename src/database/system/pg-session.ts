/** What the session has open: pg_cursors and pg_prepared_statements. Other sessions' stay out of sight, as in PostgreSQL. */
import { SqlArray } from '../../sql/types/array.ts';
import { pgLocks } from './locks.ts';
import type { RowSource } from './source.ts';

const REGTYPE = 2206;

export const sessionSources: Readonly<Record<string, RowSource>> = {
  pg_locks: pgLocks,
  *pg_cursors({ session }) {
    for (const portal of session.portals.values())
      yield {
        name: portal.name,
        statement: portal.text,
        is_holdable: portal.hold,
        is_binary: portal.binary,
        is_scrollable: !portal.forwardOnly,
        creation_time: portal.made,
      };
  },
  *pg_prepared_statements({ session }) {
    for (const { name, text, types, made, kept, planned } of session.prepared().all())
      yield {
        name,
        statement: text,
        prepare_time: made,
        parameter_types: SqlArray.of(types, REGTYPE),
        from_sql: true,
        generic_plans: kept,
        custom_plans: planned,
      };
  },
};
