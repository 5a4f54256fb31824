/**
 * EvalContext: what an expression may ask of the statement it runs in. Made once a statement by the session.
 */
import type { Cancellation } from '../base/cancel.ts';
import type { Value } from '../base/vector.ts';
import type { Catalog } from '../catalog/schema.ts';
import type { ProcedureNames } from './procedure-names.ts';

export interface EvalContext {
  /** Start of the transaction (or the transaction's AS OF time) in µs since 1970 UTC: now(). */
  readonly transactionTime: number;
  /** Start of the statement, µs. */
  readonly statementTime: number;
  /** The wall clock, µs: clock_timestamp(). */
  clock(): number;
  /** Uniform in [0, 1), from the session's generator (setseed). */
  random(): number;
  setSeed(seed: number): void;
  randomBytes(count: number): Uint8Array;
  /** IANA name of the session's TimeZone, or a fixed offset like +02. */
  readonly timeZone: string;
  readonly catalog: Catalog;
  /** Session settings by lower-case name: current_setting(), search_path … */
  setting(name: string): string | undefined;
  setSetting(name: string, value: string | null, local: boolean): void;
  /** Throws 23502 or 23514 where a value is none of a domain's, which is named by its type's number. */
  checkDomain(oid: number, value: Value): void;
  /** Functions and operators by name and OID, for the types that name them. */
  procedures(): ProcedureNames;
  readonly user: string;
  /** The session's number: pg_backend_pid(). */
  readonly sessionId: number;
  readonly database: string;
  /** The transaction may not change anything. */
  readonly readOnly?: boolean | undefined;
  /** Sequences: nextval, currval (55000 before the first nextval), setval; by object id. */
  nextval(sequenceId: number): number | bigint;
  currval(sequenceId: number): number | bigint;
  lastval(): number | bigint;
  setval(sequenceId: number, value: number | bigint, isCalled: boolean): void;
  /** What the session's system catalogs answer to one of PostgreSQL's functions over them, by its name. */
  catalogFunction(name: string, args: readonly Value[]): Value;
  /** The OID of a system relation (`pg_class`); undefined for none. */
  systemClassOid(schema: string | undefined, name: string): number | undefined;
  /** The name of what a class's OID stands for beyond tables: indexes and system relations; undefined for none. */
  systemClassName(oid: number): { readonly schema: string; readonly name: string } | undefined;
  /** Newest sequence number visible to the statement. */
  readonly snapshot: number;
  readonly cancellation: Cancellation;
}
