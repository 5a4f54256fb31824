/**
 * Running a SQL/JSON path over a jsonb value (PostgreSQL's jsonpath_exec.c).
 *
 * Items come one by one, so that lax existence tests stop at the first. In lax mode arrays are unwrapped where a step
 * wants something else, single values pass for arrays of one, and what is missing is nothing; in strict mode each is an
 * error. Predicates know true, false and unknown: an error inside one makes it unknown.
 */
import { DriftError } from '../../base/error.ts';
import { Numeric } from '../../base/numeric.ts';
import type { EvalContext } from '../eval-context.ts';
import type { JsonPath, PathNode, PathStep } from '../types/json-path-syntax.ts';
import { compareMoments, itemType, PathError, type PathItem, PathMoment, readMoment } from './json-path-item.ts';
import { methodOf, numberOf } from './json-path-methods.ts';
import { jsonElements, jsonKind, jsonMember, jsonMembers } from './json-text.ts';
import { regexOf } from './regex.ts';

export interface PathSettings {
  readonly context: EvalContext;
  /** A jsonb object. */
  readonly variables: string;
  /** Whether times without a zone may be compared with those that have one. */
  readonly zones: boolean;
}

/** What `@` and `last` stand for. */
interface Place {
  readonly current: PathItem;
  readonly last: number;
  /** Under `**` the missing is no error, also in strict mode. */
  readonly lenient: boolean;
}

type Truth = boolean | null;

export class PathRun {
  readonly #path: JsonPath;
  readonly #settings: PathSettings;
  readonly #root: string;
  #objects = 0;

  constructor(path: JsonPath, root: string, settings: PathSettings) {
    this.#path = path;
    this.#root = root;
    this.#settings = settings;
  }

  get #lax(): boolean {
    return !this.#path.strict;
  }

  /** The items that the path finds. Throws PathError at the first that is wrong. */
  items(): Generator<PathItem> {
    return this.#node(this.#path.root, { current: this.#root, last: -1, lenient: this.#lax });
  }

  /** In lax mode the first item decides; a strict path must be right to its end. */
  exists(): boolean {
    return this.#some(this.items());
  }

  #some(items: Generator<PathItem>): boolean {
    if (this.#lax) return items.next().done !== true;
    let any = false;
    for (const item of items) any ||= item !== undefined;
    return any;
  }

  #node(node: PathNode, place: Place): Generator<PathItem> {
    return this.#steps(this.#primary(node, place), node.steps, 0, place);
  }

  *#steps(items: Iterable<PathItem>, steps: readonly PathStep[], at: number, place: Place): Generator<PathItem> {
    const step = steps[at];
    if (step === undefined) {
      yield* items;
      return;
    }
    for (const item of items) {
      // What `**` finds goes on leniently.
      const next = step.kind === 'anywhere' ? { ...place, lenient: true } : place;
      yield* this.#steps(this.#step(step, item, place), steps, at + 1, next);
    }
  }

  // ---- primaries -----------------------------------------------------------------------------------------------

  *#primary(node: PathNode, place: Place): Generator<PathItem> {
    switch (node.kind) {
      case 'root':
        yield this.#root;
        return;
      case 'current':
        yield place.current;
        return;
      case 'last':
        yield String(place.last);
        return;
      case 'literal':
        yield node.json;
        return;
      case 'variable':
        yield this.#variable(node.name);
        return;
      case 'arithmetic':
        yield this.#arithmetic(node, place);
        return;
      case 'sign':
        for (const item of this.#unwrapped(node.operand, place)) {
          const number = numberOf(item);
          if (number === undefined) {
            const message = `operand of unary jsonpath operator ${node.operator} is not a numeric value`;
            throw new PathError('2203B', message);
          }
          yield node.operator === '-' ? number.negate().toString() : number.toString();
        }
        return;
      default:
        yield String(this.#truth(node, place));
    }
  }

  #variable(name: string): string {
    const found = jsonMember(this.#settings.variables, name);
    if (found === undefined) throw new DriftError('42704', `could not find jsonpath variable "${name}"`);
    return found;
  }

  #arithmetic(node: PathNode & { kind: 'arithmetic' }, place: Place): string {
    const operand = (side: 'left' | 'right'): Numeric => {
      const [only, second] = [...this.#unwrapped(node[side], place)];
      const number = only === undefined || second !== undefined ? undefined : numberOf(only);
      if (number !== undefined) return number;
      const message = `${side} operand of jsonpath operator ${node.operator} is not a single numeric value`;
      throw new PathError('22038', message);
    };
    const [left, right] = [operand('left'), operand('right')];
    try {
      switch (node.operator) {
        case '+':
          return left.add(right).toString();
        case '-':
          return left.subtract(right).toString();
        case '*':
          return left.multiply(right).toString();
        case '/':
          return left.divide(right).toString();
        case '%':
          return left.modulo(right).toString();
      }
    } catch (error) {
      if (error instanceof DriftError) throw new PathError(error.code, error.message);
      throw error;
    }
  }

  /** The items of an operand; in lax mode the elements of those that are arrays. */
  *#unwrapped(node: PathNode, place: Place): Generator<PathItem> {
    for (const item of this.#node(node, place)) {
      if (this.#lax && isArray(item)) yield* jsonElements(item);
      else yield item;
    }
  }

  // ---- steps ---------------------------------------------------------------------------------------------------

  *#step(step: PathStep, item: PathItem, place: Place): Generator<PathItem> {
    switch (step.kind) {
      case 'key':
      case 'anyKey':
        yield* this.#members(step, item, place);
        return;
      case 'anyElement':
        if (isArray(item)) yield* jsonElements(item);
        else if (this.#lax) yield item;
        else if (!place.lenient)
          throw new PathError('22039', 'jsonpath wildcard array accessor can only be applied to an array');
        return;
      case 'elements':
        yield* this.#elements(step, item, place);
        return;
      case 'anywhere':
        yield* anywhere(item, step.from ?? Infinity, step.to ?? Infinity, 0);
        return;
      case 'filter':
        for (const candidate of this.#each(item))
          if (this.#truth(step.condition, { ...place, current: candidate }) === true) yield candidate;
        return;
      case 'method':
        if (step.name === 'size' || step.name === 'type') {
          yield step.name === 'type' ? JSON.stringify(itemType(item)) : this.#size(item, place);
          return;
        }
        for (const one of this.#each(item)) yield* methodOf(step.name, one, () => this.#objects++);
        return;
      case 'datetime':
        for (const one of this.#each(item)) {
          if (typeof one !== 'string' || jsonKind(one) !== 'string')
            throw new PathError('22031', 'jsonpath item method .datetime() can only be applied to a string');
          yield readMoment(JSON.parse(one) as string, step.template, this.#settings.context);
        }
    }
  }

  /** In lax mode an array's elements stand for it. */
  *#each(item: PathItem): Generator<PathItem> {
    if (this.#lax && isArray(item)) yield* jsonElements(item);
    else yield item;
  }

  *#members(step: PathStep & { kind: 'key' | 'anyKey' }, whole: PathItem, place: Place): Generator<PathItem> {
    for (const item of this.#each(whole)) {
      if (typeof item === 'string' && jsonKind(item) === 'object') {
        if (step.kind === 'anyKey') {
          for (const [, value] of jsonMembers(item)) yield value;
          continue;
        }
        const found = jsonMember(item, step.name);
        if (found !== undefined) yield found;
        else if (!place.lenient)
          throw new PathError('2203A', `JSON object does not contain key ${JSON.stringify(step.name)}`);
      } else if (!place.lenient) {
        if (step.kind === 'key')
          throw new PathError('2203A', 'jsonpath member accessor can only be applied to an object');
        throw new PathError('2203C', 'jsonpath wildcard member accessor can only be applied to an object');
      }
    }
  }

  *#elements(step: PathStep & { kind: 'elements' }, item: PathItem, place: Place): Generator<PathItem> {
    const array = isArray(item);
    if (!array && !this.#lax) {
      if (!place.lenient) throw new PathError('22039', 'jsonpath array accessor can only be applied to an array');
      return;
    }
    const items = array ? jsonElements(item) : [item];
    const inner = { ...place, last: items.length - 1 };
    for (const range of step.ranges) {
      let from = this.#index(range.from, inner);
      let to = range.to === null ? from : this.#index(range.to, inner);
      if (!place.lenient && (from < 0 || from > to || to >= items.length))
        throw new PathError('22033', 'jsonpath array subscript is out of bounds');
      from = Math.max(from, 0);
      to = Math.min(to, items.length - 1);
      for (let i = from; i <= to; i++) yield items[i] as PathItem;
    }
  }

  #index(node: PathNode, place: Place): number {
    const [only, second] = [...this.#node(node, place)];
    const number = only === undefined || second !== undefined ? undefined : numberOf(only);
    if (number === undefined) throw new PathError('22033', 'jsonpath array subscript is not a single numeric value');
    const index = number.trunc(0).toNumber();
    if (Math.abs(index) > 2147483647) throw new PathError('22033', 'jsonpath array subscript is out of integer range');
    return index;
  }

  #size(item: PathItem, place: Place): string {
    if (isArray(item)) return String(jsonElements(item).length);
    if (this.#lax || place.lenient) return '1';
    throw new PathError('22039', 'jsonpath item method .size() can only be applied to an array');
  }

  // ---- predicates ----------------------------------------------------------------------------------------------

  #truth(node: PathNode, place: Place): Truth {
    switch (node.kind) {
      case 'and': {
        const left = this.#truth(node.left, place);
        if (left === false) return false;
        const right = this.#truth(node.right, place);
        return right === true ? left : right;
      }
      case 'or': {
        const left = this.#truth(node.left, place);
        if (left === true) return true;
        const right = this.#truth(node.right, place);
        return right === false ? left : right;
      }
      case 'not': {
        const operand = this.#truth(node.operand, place);
        return operand === null ? null : !operand;
      }
      case 'isUnknown':
        return this.#truth(node.operand, place) === null;
      case 'exists':
        return attempt(() => this.#some(this.#node(node.operand, place)));
      case 'compare':
        return this.#pairs(node.left, node.right, place, true, (a, b) => this.#compare(node.operator, a, b));
      case 'startsWith':
        return this.#pairs(node.left, node.right, place, false, (a, b) => {
          if (!isString(a) || !isString(b)) return null;
          return (JSON.parse(a) as string).startsWith(JSON.parse(b) as string);
        });
      case 'likeRegex': {
        const regex = likeRegex(node.pattern, node.flags);
        return this.#pairs(node.operand, null, place, false, (a) =>
          isString(a) ? regex.test(JSON.parse(a) as string) : null,
        );
      }
      default:
        return null;
    }
  }

  /** True where one pair of items passes; in strict mode no pair may be unknown. */
  #pairs(
    left: PathNode,
    right: PathNode | null,
    place: Place,
    unwrapRight: boolean,
    test: (a: PathItem, b: PathItem) => Truth,
  ): Truth {
    return attempt(() => {
      const seconds =
        right === null ? ['null'] : [...(unwrapRight ? this.#unwrapped(right, place) : this.#node(right, place))];
      let unknown = false;
      let found = false;
      for (const a of [...this.#unwrapped(left, place)]) {
        for (const b of seconds) {
          const result = test(a, b);
          if (result === true && this.#lax) return true;
          if (result === null && !this.#lax) return null;
          if (result === true) found = true;
          if (result === null) unknown = true;
        }
      }
      return found ? true : unknown ? null : false;
    });
  }

  #compare(operator: string, a: PathItem, b: PathItem): Truth {
    const order = this.#order(a, b);
    if (order === 'null') return operator === '!=';
    if (order === undefined) return null;
    switch (operator) {
      case '==':
        return order === 0;
      case '!=':
        return order !== 0;
      case '<':
        return order < 0;
      case '<=':
        return order <= 0;
      case '>':
        return order > 0;
      default:
        return order >= 0;
    }
  }

  /** 'null': one of the two is null, which is less and more than nothing and unequal to all else. */
  #order(a: PathItem, b: PathItem): number | 'null' | undefined {
    if (a instanceof PathMoment || b instanceof PathMoment) {
      if (a instanceof PathMoment && b instanceof PathMoment) return compareMoments(a, b, this.#settings);
      return a === 'null' || b === 'null' ? 'null' : undefined;
    }
    const kind = jsonKind(a);
    if (kind !== jsonKind(b)) return kind === 'null' || jsonKind(b) === 'null' ? 'null' : undefined;
    switch (kind) {
      case 'null':
        return 0;
      case 'boolean':
        return a === b ? 0 : a === 'true' ? 1 : -1;
      case 'number':
        return (numberOf(a) as Numeric).compare(numberOf(b) as Numeric);
      case 'string':
        return compareText(JSON.parse(a) as string, JSON.parse(b) as string);
      default:
        return undefined;
    }
  }
}

/** Unknown where an error comes. */
function attempt(test: () => Truth): Truth {
  try {
    return test();
  } catch (error) {
    if (error instanceof PathError) return null;
    throw error;
  }
}

function isArray(item: PathItem): item is string {
  return typeof item === 'string' && jsonKind(item) === 'array';
}

function isString(item: PathItem): item is string {
  return typeof item === 'string' && jsonKind(item) === 'string';
}

/** The item and what is in it, by levels. */
function* anywhere(item: PathItem, from: number, to: number, level: number): Generator<PathItem> {
  const kind = typeof item === 'string' ? jsonKind(item) : 'string';
  const inner = kind === 'array' || kind === 'object';
  // `last` as the lower bound means leaves.
  if ((level >= from && level <= to) || (from === Infinity && !inner)) yield item;
  if (!inner || typeof item !== 'string' || level >= to) return;
  const parts = kind === 'array' ? jsonElements(item) : jsonMembers(item).map(([, value]) => value);
  for (const part of parts) yield* anywhere(part, from, to, level + 1);
}

/** By code points. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const [x, y] = [Array.from(a), Array.from(b)];
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    const difference = (x[i]?.codePointAt(0) ?? 0) - (y[i]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return x.length - y.length;
}

/** XQuery's flags as options of PostgreSQL's expressions: without `s` a point stops at line ends, `m` moves the anchors. */
function likeRegex(pattern: string, flags: string): ReturnType<typeof regexOf> {
  const lines = flags.includes('m') ? (flags.includes('s') ? 'w' : 'n') : flags.includes('s') ? 's' : 'p';
  return regexOf(pattern, `${flags.includes('i') ? 'i' : ''}${flags.includes('q') ? 'q' : lines}`);
}
