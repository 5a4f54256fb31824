/** The function catalogue: every function, operator and cast, by name. */
import { aggregates, windowFunctions } from './aggregates.ts';
import { arithmeticFunctions, arithmeticOperators } from './arithmetic.ts';
import { arrayAggregates } from './array-aggregates.ts';
import { arrayFunctions, arrayOperators, arraySets } from './arrays.ts';
import { binaryAggregates, binaryFunctions, binaryOperators } from './binary.ts';
import { bitAggregates, bitCasts, bitFunctions, bitOperators } from './bits.ts';
import { catalogSets } from './catalog-functions.ts';
import { casts } from './casts.ts';
import { comparisonOperators } from './comparison.ts';
import { datetimeFunctions, datetimeOperators } from './datetime.ts';
import { compositeChanges } from './composite-change.ts';
import { enumFunctions } from './enums.ts';
import { extractFunctions } from './extract.ts';
import { informationFunctions } from './information.ts';
import { numberFormats } from './format-number.ts';
import { timeFormats } from './format-time.ts';
import { T } from './define.ts';
import { jsonCasts } from './json-casts.ts';
import { jsonFunctions, jsonSets } from './json.ts';
import { jsonAggregates, jsonBuildFunctions } from './json-build.ts';
import { jsonChangeFunctions } from './json-change.ts';
import { pathFunctions, pathOperators, pathSets } from './json-path.ts';
import { jsonRecordFunctions, jsonRecordSets } from './json-record.ts';
import { nullCounts } from './null-counts.ts';
import { jsonOperators, jsonPathFunctions } from './json-operators.ts';
import type { CastEntry, OperatorEntry, ScalarFunction, SqlFunction } from './function.ts';
import { makeTimeFunctions } from './make-time.ts';
import { mathFunctions, mathOperators } from './math.ts';
import { timeReaders } from './parse-time.ts';
import {
  multirangeCasts,
  multirangeFunctions,
  multirangeOperators,
  multirangeSets,
  rangeAggregates,
} from './multiranges.ts';
import { networkCasts, networkFunctions, networkOperators } from './network.ts';
import { orderedAggregates } from './ordered-aggregates.ts';
import { regexFunctions, regexOperators, regexSets } from './regex-functions.ts';
import { rangeFunctions, rangeOperators } from './ranges.ts';
import { statisticsAggregates } from './statistics-aggregates.ts';
import { hashFunctions } from './hashes.ts';
import { advisoryFunctions } from './advisory.ts';
import { feedFunctions } from './feeds.ts';
import { proofFunctions } from './proofs.ts';
import { sessionFunctions, sessionSets } from './session-functions.ts';
import { supportFunctions } from './support.ts';
import { setFunctions, systemFunctions } from './system.ts';
import { systemValueAggregates, systemValueCasts, systemValueOperators } from './system-values.ts';
import { textFunctions, textOperators } from './text.ts';
import { timetzFunctions, timetzOperators } from './timetz.ts';

const operators: readonly OperatorEntry[] = [
  ...comparisonOperators,
  ...arithmeticOperators,
  ...textOperators,
  ...datetimeOperators,
  ...timetzOperators,
  ...rangeOperators,
  ...arrayOperators,
  ...mathOperators,
  ...jsonOperators,
  ...pathOperators,
  ...regexOperators,
  ...binaryOperators,
  ...bitOperators,
  ...systemValueOperators,
  ...multirangeOperators,
  ...networkOperators,
];

const functions: readonly SqlFunction[] = [
  ...arithmeticFunctions,
  ...textFunctions,
  ...datetimeFunctions,
  ...timetzFunctions,
  ...rangeFunctions,
  ...systemFunctions,
  ...setFunctions,
  ...catalogSets,
  ...aggregates,
  ...arrayAggregates,
  ...windowFunctions,
  ...arrayFunctions,
  ...enumFunctions,
  ...compositeChanges,
  ...arraySets,
  ...extractFunctions,
  ...makeTimeFunctions,
  ...orderedAggregates,
  ...statisticsAggregates,
  ...mathFunctions,
  ...regexFunctions,
  ...regexSets,
  ...binaryFunctions,
  ...bitFunctions,
  ...systemValueAggregates,
  ...multirangeFunctions,
  ...multirangeSets,
  ...rangeAggregates,
  ...bitAggregates,
  ...networkFunctions,
  ...binaryAggregates,
  ...timeFormats,
  ...timeReaders,
  ...numberFormats,
  ...informationFunctions,
  ...jsonFunctions,
  ...jsonBuildFunctions,
  ...jsonChangeFunctions,
  ...jsonPathFunctions,
  ...jsonSets,
  ...jsonRecordFunctions,
  ...jsonRecordSets,
  ...nullCounts,
  ...pathFunctions,
  ...pathSets,
  ...jsonAggregates,
  ...hashFunctions,
  ...supportFunctions,
  ...sessionFunctions,
  ...advisoryFunctions,
  ...proofFunctions,
  ...feedFunctions,
  ...sessionSets,
];

const byName = new Map<string, SqlFunction[]>();
for (const fn of functions) addTo(byName, fn.name, fn);
// The functions behind operators can be called by name too (texteq, int4pl …) where no function of that signature exists.
for (const { fn } of operators) {
  const same = byName.get(fn.name)?.some((other) => other.id === fn.id) === true;
  if (!same) addTo(byName, fn.name, fn);
}
const operatorsByName = new Map<string, OperatorEntry[]>();
for (const operator of operators) addTo(operatorsByName, operator.name, operator);
const castsByTypes = new Map<string, CastEntry>();
for (const cast of [...casts, ...bitCasts, ...multirangeCasts, ...networkCasts, ...systemValueCasts])
  castsByTypes.set(`${cast.from} ${cast.to}`, cast);
for (const cast of jsonCasts((to) => castsByTypes.get(`${T.numeric} ${to}`)?.fn as ScalarFunction))
  castsByTypes.set(`${cast.from} ${cast.to}`, cast);

export function functionsNamed(name: string): readonly SqlFunction[] {
  return byName.get(name) ?? [];
}

/** Operators of that name; operators.ts knows those that compare without this catalogue. */
export function catalogueOperators(name: string): readonly OperatorEntry[] {
  return operatorsByName.get(name) ?? [];
}

export function castBetween(from: number, to: number): CastEntry | undefined {
  return castsByTypes.get(`${from} ${to}`);
}

export function allOperators(): Iterable<OperatorEntry> {
  return operators;
}

export function allCasts(): Iterable<CastEntry> {
  return castsByTypes.values();
}

export function allFunctions(): Iterable<SqlFunction> {
  return functions;
}

function addTo<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
