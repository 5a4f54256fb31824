/** Aggregate calls: those of the catalogue, and those whose result depends on the order of rows with an order of their own. */
import type { Choices } from './choices.ts';
import { condition, expression } from './expression.ts';
import { AGGREGATES } from './functions.ts';
import { hasExtremes } from './relation.ts';
import type { Scope } from './scope.ts';
import {
  anyType,
  FLOAT8,
  type FuzzType,
  INT4,
  INT4_ARRAY,
  INT8,
  INTERVAL,
  JSONB,
  NUMERIC,
  TEXT,
  TEXT_ARRAY,
} from './types.ts';

export interface AggregateMade {
  readonly text: string;
  readonly type: FuzzType;
  readonly loose: boolean;
}

const ORDERED = /^(string_agg|array_agg|jsonb?_agg|jsonb?_object_agg|xmlagg|first|last)$/;

export function aggregate(c: Choices, scope: Scope): AggregateMade {
  const value = (type: FuzzType): string => expression(c, scope, type, c.between(0, 2));
  const filter = c.chance(0.12) ? ` FILTER (WHERE ${condition(c, scope, 1)})` : '';
  const made = (text: string, type: FuzzType, loose = false): AggregateMade => ({
    text: `${text}${filter}`,
    type,
    loose,
  });
  switch (c.int(9)) {
    case 0:
      return made('count(*)', INT8);
    case 1: {
      const type = anyType(c);
      return made(`count(${type.ordered && c.chance(0.5) ? 'DISTINCT ' : ''}${value(type)})`, INT8);
    }
    case 2: {
      const type = anyType(c);
      if (!type.ordered || !hasExtremes(type)) return made('count(*)', INT8);
      return made(`${c.pick(['min', 'max'])}(${value(type)})`, type, type.ambiguous);
    }
    case 3: {
      const text = value(TEXT);
      return made(`string_agg(${text}, ',' ORDER BY ${text}${c.pick(['', ' DESC'])})`, TEXT);
    }
    case 4: {
      const [type, result] = c.pick([
        [INT4, INT4_ARRAY],
        [TEXT, TEXT_ARRAY],
      ] as const);
      const text = value(type);
      return made(
        `array_agg(${c.chance(0.4) ? 'DISTINCT ' : ''}${text} ORDER BY ${text}${c.pick(['', ' DESC NULLS LAST'])})`,
        result,
      );
    }
    case 5: {
      const text = value(INT4);
      return made(`jsonb_agg(${text} ORDER BY ${text})`, JSONB);
    }
    case 6: {
      const [name, type, returns] = c.pick([
        ['percentile_cont', FLOAT8, FLOAT8],
        ['percentile_disc', INT4, INT4],
        ['mode', TEXT, TEXT],
      ] as const);
      return made(
        `${name}(${name === 'mode' ? '' : c.pick(['0.5', '0', '0.9'])}) WITHIN GROUP (ORDER BY ${value(type)})`,
        returns,
        true,
      );
    }
    default: {
      const usable = AGGREGATES.filter(
        ({ name, args }) =>
          args.length > 0 &&
          !ORDERED.test(name) &&
          args.every((type) => hasExtremes(type) || !/^(min|max)$/.test(name)),
      );
      const call = c.pickStable(usable);
      const distinct = call.args.length === 1 && call.args[0]?.ordered === true && c.chance(0.1) ? 'DISTINCT ' : '';
      const args = call.args.map(value);
      // Which of equal values is met first shows in the scale of what DISTINCT leaves.
      const loose =
        distinct !== '' ||
        call.returns === INTERVAL ||
        (/^(min|max)$/.test(call.name) && call.args[0] !== undefined && call.args[0].ambiguous);
      return made(
        `${call.name}(${distinct}${args.join(', ')})`,
        call.returns,
        loose || (distinct !== '' && call.returns === NUMERIC),
      );
    }
  }
}
