/** The syntax of roles and of privileges. */
import type { Span } from './ast.ts';

/** What CREATE ROLE and ALTER ROLE say of a role; undefined: not mentioned. */
export interface RoleOptions {
  readonly superuser?: boolean | undefined;
  readonly createDb?: boolean | undefined;
  readonly createRole?: boolean | undefined;
  readonly inherit?: boolean | undefined;
  readonly login?: boolean | undefined;
  readonly replication?: boolean | undefined;
  readonly bypassRls?: boolean | undefined;
  readonly connectionLimit?: number | undefined;
  /** A timestamp as text. */
  readonly validUntil?: string | undefined;
}

export interface CreateRole extends Span {
  readonly kind: 'createRole';
  readonly command: 'ROLE' | 'USER' | 'GROUP';
  readonly name: string;
  readonly options: RoleOptions;
  /** IN ROLE: what it becomes a member of; ROLE and ADMIN: what becomes a member of it. */
  readonly memberOf: readonly string[];
  readonly members: readonly string[];
  readonly admins: readonly string[];
}

export interface AlterRole extends Span {
  readonly kind: 'alterRole';
  readonly name: string;
  readonly options: RoleOptions;
  readonly newName: string | undefined;
}

/** A privilege in capitals, on all of an object or on columns of a table. */
export interface Privilege {
  readonly name: string;
  readonly columns: readonly string[];
}

/** What privileges are on. */
export type GrantObject =
  | 'table'
  | 'sequence'
  | 'schema'
  | 'function'
  | 'procedure'
  | 'routine'
  | 'type'
  | 'domain'
  | 'database'
  /** Objects that exist once or not at all here: databases, languages, tablespaces … */
  | 'other';

/** What GRANT and REVOKE say, but for the names of the objects (`ObjectName`, ast-statement.ts). */
export interface GrantTerms extends Span {
  readonly kind: 'grant' | 'revoke';
  /** Membership in roles, instead of privileges. */
  readonly roles: readonly string[] | undefined;
  /** Empty: ALL. */
  readonly privileges: readonly Privilege[];
  readonly object: GrantObject;
  /** ALL … IN SCHEMA. */
  readonly schemas: readonly string[] | undefined;
  /** `public` is everybody. */
  readonly grantees: readonly string[];
  /** WITH GRANT or ADMIN OPTION; for REVOKE: only that option is taken. */
  readonly option: boolean;
}

/** What a command that is refused names; it has to be there, or must not be. */
export interface MissingSubject {
  readonly kind:
    | 'role'
    | 'schema'
    | 'database'
    | 'newDatabase'
    | 'template'
    | 'encoding'
    | 'locale'
    | 'library'
    /** 0LP01, with the message for a name. */
    | 'invalid';
  readonly name: string;
}
