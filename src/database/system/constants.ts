/** OIDs of what every database has besides relations, types and functions: PostgreSQL's where it has them. */

/** The language and the extension it comes as. */
export const PLPGSQL_OID = 13542;
export const EXTENSION_OID = 13538;
export const DATABASE_OID = 5;
/** The user who owns everything. */
export const OWNER = 'drift';
