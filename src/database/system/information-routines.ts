/** information_schema of routines, triggers and user-defined types. */
import type { Catalog, RoutineDef, TypeDef } from '../../catalog/schema.ts';
import { typeFacts, udtFacts } from './information-types.ts';
import { relationsOf } from './model.ts';
import type { RowSource, SystemRecord } from './source.ts';

const yes = (value: boolean): string => (value ? 'YES' : 'NO');

export const routineSources: Readonly<Record<string, RowSource>> = {
  *routines({ catalog, eval: { database } }) {
    for (const routine of routinesOf(catalog)) {
      const returns = routine.procedure ? {} : { ...typeFacts(routine.returns), ...typeNames(routine, database) };
      yield {
        ...specificNames(routine, database),
        routine_catalog: database,
        routine_schema: routine.schema,
        routine_name: routine.name,
        routine_type: routine.procedure ? 'PROCEDURE' : 'FUNCTION',
        ...returns,
        ...(routine.procedure ? {} : { dtd_identifier: '0' }),
        routine_body: routine.language === 'sql' ? 'SQL' : 'EXTERNAL',
        routine_definition: routine.body,
        external_language: routine.language.toUpperCase(),
        parameter_style: 'GENERAL',
        is_deterministic: yes(routine.volatility === 'immutable'),
        sql_data_access: 'MODIFIES',
        is_null_call: routine.procedure ? null : yes(routine.strict),
        schema_level_routine: 'YES',
        max_dynamic_result_sets: 0,
        security_type: 'INVOKER',
        as_locator: 'NO',
        is_udt_dependent: 'NO',
      };
    }
  },
  *parameters({ catalog, eval: { database } }) {
    for (const routine of routinesOf(catalog)) {
      for (const [i, { name, mode, type, default: initial }] of routine.args.entries()) {
        yield {
          ...specificNames(routine, database),
          ordinal_position: i + 1,
          parameter_mode: mode === 'variadic' ? 'IN' : mode === 'table' ? 'OUT' : mode.toUpperCase(),
          is_result: 'NO',
          as_locator: 'NO',
          parameter_name: name === '' ? null : name,
          ...typeFacts(type),
          ...udtFacts(type, database),
          dtd_identifier: String(i + 1),
          parameter_default: initial ?? null,
        };
      }
    }
  },
  *triggers({ catalog, eval: { database } }) {
    for (const relation of relationsOf(catalog)) {
      if (relation.kind === 'sequence') continue;
      for (const trigger of relation.triggers ?? []) {
        const routine = catalog.byId(trigger.routineId);
        const called = routine?.kind === 'routine' ? routine.name : '';
        const args = trigger.args.map((arg) => `'${arg.replaceAll("'", "''")}'`).join(', ');
        for (const event of trigger.events) {
          if (event === 'truncate') continue;
          yield {
            trigger_catalog: database,
            trigger_schema: relation.schema,
            trigger_name: trigger.name,
            event_manipulation: event.toUpperCase(),
            event_object_catalog: database,
            event_object_schema: relation.schema,
            event_object_table: relation.name,
            action_order: 1,
            action_condition: trigger.when === undefined ? null : `(${trigger.when})`,
            action_statement: `EXECUTE FUNCTION ${called}(${args})`,
            action_orientation: trigger.row ? 'ROW' : 'STATEMENT',
            action_timing: trigger.time.toUpperCase(),
            action_reference_old_table: trigger.oldTable ?? null,
            action_reference_new_table: trigger.newTable ?? null,
          };
        }
      }
    }
  },
  *domains({ catalog, eval: { database } }) {
    for (const { schema, name, definition } of typesOf(catalog)) {
      if (definition.form !== 'domain') continue;
      yield {
        domain_catalog: database,
        domain_schema: schema,
        domain_name: name,
        ...typeFacts(definition.base),
        domain_default: definition.default ?? null,
        ...udtFacts(definition.base, database),
        dtd_identifier: '1',
      };
    }
  },
  *domain_constraints({ catalog, eval: { database } }) {
    for (const { schema, name, definition } of typesOf(catalog)) {
      if (definition.form !== 'domain') continue;
      for (const check of definition.checks)
        yield {
          constraint_catalog: database,
          constraint_schema: schema,
          constraint_name: check.name,
          domain_catalog: database,
          domain_schema: schema,
          domain_name: name,
          is_deferrable: 'NO',
          initially_deferred: 'NO',
        };
    }
  },
  *user_defined_types({ catalog, eval: { database } }) {
    for (const { schema, name, definition } of typesOf(catalog)) {
      if (definition.form !== 'composite') continue;
      yield {
        user_defined_type_catalog: database,
        user_defined_type_schema: schema,
        user_defined_type_name: name,
        user_defined_type_category: 'STRUCTURED',
        is_instantiable: 'YES',
      };
    }
  },
  *attributes({ catalog, eval: { database } }) {
    for (const { schema, name, definition } of typesOf(catalog)) {
      if (definition.form !== 'composite') continue;
      for (const [i, attribute] of definition.attributes.entries()) {
        const udt = udtFacts(attribute.type, database);
        yield {
          udt_catalog: database,
          udt_schema: schema,
          udt_name: name,
          attribute_name: attribute.name,
          ordinal_position: i + 1,
          is_nullable: 'YES',
          ...typeFacts(attribute.type),
          attribute_udt_catalog: database,
          attribute_udt_schema: udt.udt_schema ?? null,
          attribute_udt_name: udt.udt_name ?? null,
          dtd_identifier: String(i + 1),
          is_derived_reference_attribute: 'NO',
        };
      }
    }
  },
};

function* routinesOf(catalog: Catalog): Generator<RoutineDef> {
  for (const object of catalog.objects()) if (object.kind === 'routine' && object.aggregate === undefined) yield object;
}

function* typesOf(catalog: Catalog): Generator<TypeDef> {
  for (const object of catalog.objects()) if (object.kind === 'type') yield object;
}

/** The name that tells overloads apart. */
function specificNames({ schema, name, id }: RoutineDef, database: string): SystemRecord {
  return { specific_catalog: database, specific_schema: schema, specific_name: `${name}_${id}` };
}

function typeNames({ returns }: RoutineDef, database: string): SystemRecord {
  const udt = udtFacts(returns, database);
  return { type_udt_catalog: database, type_udt_schema: udt.udt_schema ?? null, type_udt_name: udt.udt_name ?? null };
}
