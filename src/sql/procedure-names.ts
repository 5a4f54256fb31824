/** Functions and operators by name and by OID, as whoever runs the statement knows them. */

/** Functions or operators under their OIDs. */
export interface Procedure {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** For a prefix operator the first is 0. */
  readonly args: readonly number[];
}

export interface ProcedureNames {
  functions(schema: string | undefined, name: string): readonly Procedure[];
  operators(name: string): readonly Procedure[];
  functionByOid(oid: number): Procedure | undefined;
  operatorByOid(oid: number): Procedure | undefined;
}
