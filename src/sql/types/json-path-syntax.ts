/**
 * SQL/JSON paths: the tree, its parser (PostgreSQL's jsonpath_gram.y) and its printer, whose text is the value of type
 * jsonpath.
 *
 * A path is a primary with steps behind it. Predicates and arithmetic are primaries in parentheses, so `next` of a node
 * is a list of steps and not a chain.
 */
import { DriftError } from '../../base/error.ts';
import { Numeric } from '../../base/numeric.ts';
import { type PathToken, pathError, pathTokens } from './json-path-lexer.ts';

export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=';
export type PathMethod = 'abs' | 'size' | 'type' | 'floor' | 'double' | 'ceiling' | 'keyvalue';

/** `steps` follow every node. */
export type PathNode = { readonly steps: readonly PathStep[] } & PathPrimary;

export type PathPrimary =
  | { readonly kind: 'root' | 'current' | 'last' }
  | { readonly kind: 'variable'; readonly name: string }
  /** A scalar as jsonb text. */
  | { readonly kind: 'literal'; readonly json: string }
  | {
      readonly kind: 'arithmetic';
      readonly operator: '+' | '-' | '*' | '/' | '%';
      readonly left: PathNode;
      readonly right: PathNode;
    }
  | { readonly kind: 'sign'; readonly operator: '+' | '-'; readonly operand: PathNode }
  | { readonly kind: 'and' | 'or'; readonly left: PathNode; readonly right: PathNode }
  | { readonly kind: 'not' | 'isUnknown' | 'exists'; readonly operand: PathNode }
  | { readonly kind: 'compare'; readonly operator: Comparison; readonly left: PathNode; readonly right: PathNode }
  | { readonly kind: 'startsWith'; readonly left: PathNode; readonly right: PathNode }
  | { readonly kind: 'likeRegex'; readonly operand: PathNode; readonly pattern: string; readonly flags: string };

export type PathStep =
  | { readonly kind: 'key'; readonly name: string }
  | { readonly kind: 'anyKey' }
  | { readonly kind: 'anyElement' }
  | { readonly kind: 'elements'; readonly ranges: readonly { readonly from: PathNode; readonly to: PathNode | null }[] }
  /** `.**{from to to}`; null stands for `last`. */
  | { readonly kind: 'anywhere'; readonly from: number | null; readonly to: number | null }
  | { readonly kind: 'filter'; readonly condition: PathNode }
  | { readonly kind: 'method'; readonly name: PathMethod }
  | { readonly kind: 'datetime'; readonly template: string | null };

export interface JsonPath {
  readonly strict: boolean;
  readonly root: PathNode;
}

const METHODS: readonly string[] = ['abs', 'size', 'type', 'floor', 'double', 'ceiling', 'keyvalue'];
const COMPARISONS: Readonly<Record<string, Comparison>> = {
  '==': '==',
  '!=': '!=',
  '<>': '!=',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};
const PREDICATES = new Set(['and', 'or', 'not', 'isUnknown', 'exists', 'compare', 'startsWith', 'likeRegex']);
const MAX_DEPTH = 200;

/** Throws 42601, 22P02. */
export function parseJsonPath(text: string): JsonPath {
  return new PathParser(text).parse();
}

class PathParser {
  readonly #tokens: readonly PathToken[];
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = pathTokens(text);
  }

  parse(): JsonPath {
    if (this.#tokens.length === 1)
      throw new DriftError('22P02', `invalid input syntax for type jsonpath: "${this.#text}"`);
    let strict = false;
    if (this.#atName('strict') || this.#atName('lax')) strict = this.#next().text.toLowerCase() === 'strict';
    const root = this.#or();
    if (this.#peek().kind !== 'end') throw pathError(this.#peek());
    checkPlaces(root, false, false);
    return { strict, root };
  }

  #peek(ahead = 0): PathToken {
    return this.#tokens[Math.min(this.#at + ahead, this.#tokens.length - 1)] as PathToken;
  }

  #next(): PathToken {
    const token = this.#peek();
    this.#at++;
    return token;
  }

  #atSign(sign: string): boolean {
    const token = this.#peek();
    return token.kind === 'sign' && token.text === sign;
  }

  #atName(name: string, ahead = 0): boolean {
    const token = this.#peek(ahead);
    return token.kind === 'name' && token.text.toLowerCase() === name;
  }

  #accept(sign: string): boolean {
    if (!this.#atSign(sign)) return false;
    this.#at++;
    return true;
  }

  #expect(sign: string): void {
    if (!this.#accept(sign)) throw pathError(this.#peek());
  }

  #or(): PathNode {
    if (++this.#depth > MAX_DEPTH) throw new DriftError('54001', 'stack depth limit exceeded');
    let left = this.#and();
    while (this.#atSign('||')) left = this.#logic('or', left, () => this.#and());
    this.#depth--;
    return left;
  }

  #and(): PathNode {
    let left = this.#not();
    while (this.#atSign('&&')) left = this.#logic('and', left, () => this.#not());
    return left;
  }

  #logic(kind: 'and' | 'or', left: PathNode, parse: () => PathNode): PathNode {
    this.#predicate(left);
    this.#at++;
    const right = parse();
    this.#predicate(right);
    return { kind, left, right, steps: [] };
  }

  #predicate(node: PathNode): void {
    if (!PREDICATES.has(node.kind) || node.steps.length > 0) throw pathError(this.#peek());
  }

  #not(): PathNode {
    if (!this.#accept('!')) return this.#comparison();
    if (!this.#atSign('(') && !this.#atName('exists')) throw pathError(this.#peek());
    const operand = this.#primary();
    this.#predicate(operand);
    return { kind: 'not', operand, steps: [] };
  }

  #comparison(): PathNode {
    const left = this.#sum();
    const operator = this.#peek().kind === 'sign' ? COMPARISONS[this.#peek().text] : undefined;
    if (operator !== undefined) {
      this.#at++;
      return { kind: 'compare', operator, left, right: this.#sum(), steps: [] };
    }
    if (this.#atName('starts') && this.#atName('with', 1)) {
      this.#at += 2;
      const token = this.#next();
      if (token.kind !== 'string' && token.kind !== 'variable') throw pathError(token);
      const right: PathNode =
        token.kind === 'string'
          ? literal(JSON.stringify(token.text))
          : { kind: 'variable', name: token.text, steps: [] };
      return { kind: 'startsWith', left, right, steps: [] };
    }
    if (this.#atName('like_regex')) {
      this.#at++;
      const pattern = this.#next();
      if (pattern.kind !== 'string') throw pathError(pattern);
      let flags = '';
      if (this.#atName('flag')) {
        this.#at++;
        const token = this.#next();
        if (token.kind !== 'string') throw pathError(token);
        flags = token.text;
      }
      return { kind: 'likeRegex', operand: left, pattern: pattern.text, flags: regexFlags(flags), steps: [] };
    }
    return left;
  }

  #sum(): PathNode {
    let left = this.#product();
    while (this.#atSign('+') || this.#atSign('-')) {
      const operator = this.#next().text === '+' ? '+' : '-';
      left = { kind: 'arithmetic', operator, left, right: this.#product(), steps: [] };
    }
    return left;
  }

  #product(): PathNode {
    let left = this.#signed();
    while (this.#atSign('*') || this.#atSign('/') || this.#atSign('%')) {
      const operator = this.#next().text as '*' | '/' | '%';
      left = { kind: 'arithmetic', operator, left, right: this.#signed(), steps: [] };
    }
    return left;
  }

  #signed(): PathNode {
    if (!this.#atSign('+') && !this.#atSign('-')) return this.#primary();
    if (++this.#depth > MAX_DEPTH) throw new DriftError('54001', 'stack depth limit exceeded');
    const operator = this.#next().text === '+' ? '+' : '-';
    const operand = this.#signed();
    this.#depth--;
    return { kind: 'sign', operator, operand, steps: [] };
  }

  #primary(): PathNode {
    const token = this.#next();
    const node = this.#primaryOf(token);
    const steps: PathStep[] = [...node.steps];
    for (let step = this.#step(); step !== null; step = this.#step()) steps.push(step);
    return { ...node, steps };
  }

  #primaryOf(token: PathToken): PathNode {
    switch (token.kind) {
      case 'string':
        return literal(JSON.stringify(token.text));
      case 'number':
        return literal(numberText(token.text));
      case 'variable':
        return { kind: 'variable', name: token.text, steps: [] };
      case 'name':
        if (token.text === 'true' || token.text === 'false' || token.text === 'null') return literal(token.text);
        if (token.text.toLowerCase() === 'last') return { kind: 'last', steps: [] };
        if (token.text.toLowerCase() === 'exists') {
          this.#expect('(');
          const operand = this.#or();
          this.#expect(')');
          return { kind: 'exists', operand, steps: [] };
        }
        throw pathError(token);
      case 'sign':
        if (token.text === '$') return { kind: 'root', steps: [] };
        if (token.text === '@') return { kind: 'current', steps: [] };
        if (token.text === '(') return this.#parenthesised();
        throw pathError(token);
      case 'end':
        throw pathError(token);
    }
  }

  #parenthesised(): PathNode {
    const inner = this.#or();
    this.#expect(')');
    if (this.#atName('is') && this.#atName('unknown', 1)) {
      this.#predicate(inner);
      this.#at += 2;
      return { kind: 'isUnknown', operand: inner, steps: [] };
    }
    return inner;
  }

  #step(): PathStep | null {
    if (this.#accept('[')) return this.#subscript();
    if (this.#accept('?')) {
      this.#expect('(');
      const condition = this.#or();
      this.#predicate(condition);
      this.#expect(')');
      return { kind: 'filter', condition };
    }
    if (!this.#accept('.')) return null;
    if (this.#accept('*')) return { kind: 'anyKey' };
    if (this.#accept('**')) return this.#levels();
    const token = this.#next();
    if (token.kind === 'string') return { kind: 'key', name: token.text };
    if (token.kind !== 'name') throw pathError(token);
    if (!this.#atSign('(')) return { kind: 'key', name: token.text };
    this.#at++;
    const name = token.text.toLowerCase();
    if (name === 'datetime') {
      const template = this.#peek().kind === 'string' ? this.#next().text : null;
      this.#expect(')');
      return { kind: 'datetime', template };
    }
    if (!METHODS.includes(name)) throw pathError(this.#peek(-1));
    this.#expect(')');
    return { kind: 'method', name: name as PathMethod };
  }

  #subscript(): PathStep {
    if (this.#atSign('*') && this.#peek(1).text === ']' && this.#peek(1).kind === 'sign') {
      this.#at += 2;
      return { kind: 'anyElement' };
    }
    const ranges: { from: PathNode; to: PathNode | null }[] = [];
    do {
      const from = this.#sum();
      let to: PathNode | null = null;
      if (this.#atName('to')) {
        this.#at++;
        to = this.#sum();
      }
      ranges.push({ from, to });
    } while (this.#accept(','));
    this.#expect(']');
    return { kind: 'elements', ranges };
  }

  #levels(): PathStep {
    if (!this.#accept('{')) return { kind: 'anywhere', from: 0, to: null };
    const from = this.#level();
    let to = from;
    if (this.#atName('to')) {
      this.#at++;
      to = this.#level();
    }
    this.#expect('}');
    return { kind: 'anywhere', from, to };
  }

  #level(): number | null {
    const token = this.#next();
    if (token.kind === 'name' && token.text.toLowerCase() === 'last') return null;
    if (token.kind !== 'number' || !/^\d+$/.test(token.text)) throw pathError(token);
    return Number(token.text);
  }
}

function literal(json: string): PathNode {
  return { kind: 'literal', json, steps: [] };
}

function numberText(text: string): string {
  const number = Numeric.parse(text);
  if (number === undefined) throw new DriftError('22P02', `invalid input syntax for type numeric: "${text}"`);
  return number.toString();
}

/** In PostgreSQL's order. */
function regexFlags(flags: string): string {
  for (const flag of flags) {
    if ('ismq'.includes(flag)) continue;
    if (flag === 'x')
      throw new DriftError('0A000', 'XQuery "x" flag (expanded regular expressions) is not implemented');
    throw new DriftError('42601', 'invalid input syntax for type jsonpath', {
      detail: `Unrecognized flag character "${flag}" in LIKE_REGEX predicate.`,
    });
  }
  return [...'ismq'].filter((flag) => flags.includes(flag)).join('');
}

/** `@` belongs into filters, `last` into subscripts. */
function checkPlaces(node: PathNode, inFilter: boolean, inSubscript: boolean): void {
  if (node.kind === 'current' && !inFilter) throw new DriftError('42601', '@ is not allowed in root expressions');
  if (node.kind === 'last' && !inSubscript) throw new DriftError('42601', 'LAST is allowed only in array subscripts');
  if ('left' in node) {
    checkPlaces(node.left, inFilter, inSubscript);
    checkPlaces(node.right, inFilter, inSubscript);
  }
  if ('operand' in node) checkPlaces(node.operand, inFilter, inSubscript);
  for (const step of node.steps) {
    if (step.kind === 'filter') checkPlaces(step.condition, true, inSubscript);
    if (step.kind === 'elements') {
      for (const { from, to } of step.ranges) {
        checkPlaces(from, inFilter, true);
        if (to !== null) checkPlaces(to, inFilter, true);
      }
    }
  }
}
