/** Functions and operators by name and by OID: built-in ones, and those that a user has defined. */
import type { Catalog, RoutineDef } from '../../catalog/schema.ts';
import { publicTypeOid } from '../../catalog/user-types.ts';
import { allOperators, functionsNamed } from '../../sql/functions/registry.ts';
import { operatorsNamed } from '../../sql/functions/operators.ts';
import type { OperatorEntry, SqlFunction } from '../../sql/functions/function.ts';
import type { Procedure, ProcedureNames } from '../../sql/procedure-names.ts';
import { functionOid, operatorOid } from './builtin-oids.ts';
import { builtinFunctions } from './pg-proc.ts';

const SYSTEM = 'pg_catalog';
let operators: ReadonlyMap<number, Procedure> | null = null;

export function procedureNames(catalog: Catalog): ProcedureNames {
  return {
    functions(schema, name) {
      const builtin = schema === undefined || schema === SYSTEM ? functionsNamed(name).map(ofFunction) : [];
      const schemas = schema === undefined ? catalog.searched : [schema];
      const own: Procedure[] = [];
      for (const object of catalog.objects())
        if (object.kind === 'routine' && object.name === name && schemas.includes(object.schema))
          own.push(ofRoutine(object));
      return [...distinct(builtin), ...own];
    },
    operators: (name) => distinct(operatorsNamed(name).map(ofOperator)),
    functionByOid(oid) {
      const builtin = builtinFunctions().get(oid);
      if (builtin !== undefined) return ofFunction(builtin.fn);
      const object = catalog.byId(oid);
      return object?.kind === 'routine' ? ofRoutine(object) : undefined;
    },
    operatorByOid(oid) {
      operators ??= new Map([...allOperators()].map((entry) => [ofOperator(entry).oid, ofOperator(entry)]));
      return operators.get(oid);
    },
  };
}

function distinct(found: readonly Procedure[]): Procedure[] {
  return [...new Map(found.map((procedure) => [procedure.oid, procedure])).values()];
}

function ofFunction({ name, args }: SqlFunction): Procedure {
  return { oid: functionOid(name, args), schema: SYSTEM, name, args };
}

function ofOperator({ name, left, right }: OperatorEntry): Procedure {
  return { oid: operatorOid(name, left, right), schema: SYSTEM, name, args: [left, right] };
}

function ofRoutine({ id, schema, name, args }: RoutineDef): Procedure {
  const inputs = args.filter(({ mode }) => mode !== 'out');
  return { oid: id, schema, name, args: inputs.map(({ type }) => publicTypeOid(type.oid)) };
}
