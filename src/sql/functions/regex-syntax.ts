/**
 * PostgreSQL's regular expressions (POSIX AREs, chapter 9.7.3) rewritten as JavaScript's.
 *
 * The two share most of their syntax and differ in escapes, bracket expressions, word constraints and newlines, so the
 * pattern is read atom by atom and every atom is written anew for the `u` mode, in which nothing is ambiguous. What they
 * do not share is which match is preferred: that is the business of regex.ts, for which the reader notes whether the
 * pattern as a whole prefers a long match or a short one.
 */
import { fromBasic } from './regex-basic.ts';
import type { Preference, RegexNode } from './regex-dissect.ts';
import { regexError, type RegexOptions, withOption } from './regex-options.ts';
import { CLASSES, COLLATING, WORD } from './regex-names.ts';

export interface RegexSource {
  readonly source: string;
  readonly ignoreCase: boolean;
  readonly groups: number;
  /** Whether JavaScript's order of trying alternatives may miss the match that POSIX prefers. */
  readonly ordered: boolean;
  readonly prefersShort: boolean;
  /** Looks beyond the match: constraints and look-around. */
  readonly context: boolean;
  /** Where JavaScript may give parentheses other parts than PostgreSQL: what takes a match apart; null elsewhere. */
  readonly tree: RegexNode | null;
}

/** Most repetitions of a {m,n}. */
const MAX_REPETITIONS = 255;
/** Groups within groups; each is a level of the stack. */
const MAX_DEPTH = 500;

const CONSTRAINTS: Readonly<Record<string, string>> = {
  A: '(?<![^])',
  Z: '(?![^])',
  m: `(?:(?<![${WORD}])(?=[${WORD}]))`,
  M: `(?:(?<=[${WORD}])(?![${WORD}]))`,
  y: `(?:(?<=[${WORD}])(?![${WORD}])|(?<![${WORD}])(?=[${WORD}]))`,
  Y: `(?:(?<=[${WORD}])(?=[${WORD}])|(?<![${WORD}])(?![${WORD}]))`,
};
const CHARACTERS: Readonly<Record<string, number>> = { a: 7, b: 8, B: 92, e: 27, f: 12, n: 10, r: 13, t: 9, v: 11 };
export function readRegex(pattern: string, options: RegexOptions): RegexSource {
  let [text, chosen] = [pattern, options];
  if (chosen.basic) return new RegexReader(fromBasic(text), chosen).read();
  if (text.startsWith('***=')) [text, chosen] = [text.slice(4), { ...chosen, literal: true }];
  else if (text.startsWith('***:')) text = text.slice(4);
  const embedded = chosen.literal ? null : /^\(\?([a-z]+)\)/.exec(text);
  if (embedded === null && !chosen.literal && /^\(\?[a-z]/i.test(text)) throw regexError('invalid embedded option');
  if (embedded !== null) {
    for (const flag of embedded[1] ?? '') {
      const changed = flag === 'e' ? chosen : withOption(chosen, flag);
      if (changed === undefined) throw regexError('invalid embedded option');
      chosen = changed;
    }
    text = text.slice(embedded[0].length);
    if (chosen.basic) text = fromBasic(text);
  }
  if (chosen.literal) {
    const source = [...text].map(quoted).join('');
    return {
      source,
      ignoreCase: chosen.ignoreCase,
      groups: 0,
      ordered: false,
      prefersShort: false,
      context: false,
      tree: null,
    };
  }
  return new RegexReader(text, chosen).read();
}

function quoted(char: string): string {
  return /[\^$\\.*+?()[\]{}|/]/.test(char) ? `\\${char}` : char;
}

/** A character within a bracket expression. */
function bracketed(char: string): string {
  return /[\^$\\.*+?()[\]{}|/-]/.test(char) ? `\\${char}` : char;
}

interface Atom {
  readonly source: string;
  readonly preference: Preference;
  readonly quantifiable: boolean;
  readonly node: RegexNode;
}

interface Quantifier {
  readonly source: string;
  readonly preference: Preference;
  readonly least: number;
  readonly most: number;
}

class RegexReader {
  readonly #chars: readonly string[];
  readonly #options: RegexOptions;
  #at = 0;
  #groups = 0;
  readonly #closed = new Set<number>();
  /** Parentheses inside of look-around capture nothing. */
  #around = 0;
  #alternatives = false;
  #long = false;
  #short = false;
  #context = false;
  #references = false;
  /** A group that captures is repeated. */
  #repeated = false;

  constructor(pattern: string, options: RegexOptions) {
    this.#chars = [...pattern];
    this.#options = options;
  }

  read(): RegexSource {
    const { source, preference, node } = this.#alternation(0);
    if (this.#at < this.#chars.length) throw regexError('parentheses () not balanced');
    const ordered = this.#alternatives || (this.#long && this.#short);
    return {
      source,
      ignoreCase: this.#options.ignoreCase,
      groups: this.#groups,
      ordered,
      tree: this.#groups > 0 && !this.#references && (ordered || this.#repeated) ? node : null,
      prefersShort: preference === 'short',
      context: this.#context,
    };
  }

  #peek(offset = 0): string {
    return this.#chars[this.#at + offset] ?? '';
  }

  /** Passes over comments, and blanks in the expanded syntax. */
  #skipBlanks(): void {
    for (;;) {
      if (this.#peek() === '(' && this.#peek(1) === '?' && this.#peek(2) === '#') {
        const end = this.#chars.indexOf(')', this.#at);
        if (end < 0) throw regexError('parentheses () not balanced');
        this.#at = end + 1;
      } else if (!this.#options.expanded) return;
      else if (/^\s$/.test(this.#peek())) this.#at++;
      else if (this.#peek() === '#') while (this.#at < this.#chars.length && this.#peek() !== '\n') this.#at++;
      else return;
    }
  }

  #alternation(depth: number): Omit<Atom, 'quantifiable'> {
    if (depth > MAX_DEPTH) throw regexError('regular expression is too complex');
    const branches: string[] = [];
    const nodes: RegexNode[] = [];
    let preference: Preference = 'none';
    for (;;) {
      const branch = this.#branch(depth);
      branches.push(branch.source);
      nodes.push(branch.node);
      if (branches.length === 1) ({ preference } = branch);
      if (this.#peek() !== '|') break;
      this.#at++;
    }
    if (branches.length > 1) {
      this.#alternatives = true;
      preference = 'long';
    }
    const [only] = nodes;
    const node: RegexNode = only !== undefined && nodes.length === 1 ? only : { kind: 'either', options: nodes };
    return { source: branches.join('|'), preference, node };
  }

  #branch(depth: number): Omit<Atom, 'quantifiable'> {
    let source = '';
    const parts: RegexNode[] = [];
    let preference: Preference = 'none';
    for (;;) {
      this.#skipBlanks();
      const char = this.#peek();
      if (char === '' || char === '|' || (char === ')' && depth > 0))
        return { source, preference, node: { kind: 'sequence', parts, preference } };
      if (char === ')') throw regexError('parentheses () not balanced');
      const before = this.#groups;
      const atom = this.#atom(depth);
      this.#skipBlanks();
      const quantifier = this.#quantifier();
      if (quantifier === null) source += atom.source;
      else {
        if (!atom.quantifiable) throw regexError('quantifier operand invalid');
        source += `${atom.source}${quantifier.source}`;
        this.#skipBlanks();
        if (this.#quantifier() !== null) throw regexError('quantifier operand invalid');
      }
      const own = quantifier === null || quantifier.preference === 'none' ? atom.preference : quantifier.preference;
      if (quantifier !== null && quantifier.most > 1 && this.#groups > before) this.#repeated = true;
      parts.push(
        quantifier === null
          ? atom.node
          : { kind: 'repeat', inner: atom.node, least: quantifier.least, most: quantifier.most, preference: own },
      );
      if (preference === 'none') preference = own;
    }
  }

  #quantifier(): Quantifier | null {
    const char = this.#peek();
    let source: string;
    let fixed = false;
    let [least, most] = [char === '+' ? 1 : 0, char === '?' ? 1 : Infinity];
    if (char === '*' || char === '+' || char === '?') {
      this.#at++;
      source = char;
    } else if (char === '{' && /^\d$/.test(this.#peek(1))) {
      const rest = this.#chars.slice(this.#at, this.#at + 24).join('');
      const bounds = /^\{(\d+)(,(\d*))?\}/.exec(rest);
      if (bounds === null) throw regexError('braces {} not balanced');
      const [whole, low = '', range, high = ''] = bounds;
      if (
        Number(low) > MAX_REPETITIONS ||
        Number(high) > MAX_REPETITIONS ||
        (high !== '' && Number(high) < Number(low))
      )
        throw regexError('invalid repetition count(s)');
      this.#at += whole.length;
      source = whole;
      fixed = range === undefined;
      [least, most] = [Number(low), fixed ? Number(low) : high === '' ? Infinity : Number(high)];
    } else return null;
    const short = this.#peek() === '?';
    if (short) this.#at++;
    if (fixed) return { source, preference: 'none', least, most };
    if (short) this.#short = true;
    else this.#long = true;
    return { source: short ? `${source}?` : source, preference: short ? 'short' : 'long', least, most };
  }

  #atom(depth: number): Atom {
    const char = this.#peek();
    this.#at++;
    const plain = (source: string): Atom => ({
      source,
      preference: 'none',
      quantifiable: true,
      node: { kind: 'set', source },
    });
    const constraint = (source: string): Atom => {
      this.#context = true;
      return { source, preference: 'none', quantifiable: false, node: { kind: 'assert', source } };
    };
    switch (char) {
      case '.':
        return plain(this.#options.dotNewline ? '[^]' : '[^\\n]');
      case '^':
        return constraint(this.#options.lineAnchors ? '(?<![^\\n])' : '(?<![^])');
      case '$':
        return constraint(this.#options.lineAnchors ? '(?![^\\n])' : '(?![^])');
      case '[':
        return this.#word() ?? plain(this.#bracket());
      case '(':
        return this.#group(depth);
      case '\\': {
        const name = this.#peek();
        const known = /^[AZmMyY]$/.test(name) ? CONSTRAINTS[name] : undefined;
        if (known !== undefined) {
          this.#at++;
          return constraint(known);
        }
        return plain(this.#escape());
      }
      case '*':
      case '+':
      case '?':
        throw regexError('quantifier operand invalid');
      case '{':
        if (/^\d$/.test(this.#peek())) throw regexError('quantifier operand invalid');
        return plain('\\{');
      default:
        return plain(quoted(char));
    }
  }

  /** [[:<:]] and [[:>:]]: the older spellings of \m and \M. */
  #word(): Atom | null {
    const text = this.#chars.slice(this.#at, this.#at + 6).join('');
    if (text !== '[:<:]]' && text !== '[:>:]]') return null;
    this.#at += 6;
    this.#context = true;
    const source = CONSTRAINTS[text === '[:<:]]' ? 'm' : 'M'] as string;
    return { source, preference: 'none', quantifiable: false, node: { kind: 'assert', source } };
  }

  #group(depth: number): Atom {
    let open = '(';
    let around = false;
    if (this.#peek() === '?') {
      const found = ['?:', '?=', '?!', '?<=', '?<!'].find((kind) =>
        [...kind].every((char, i) => this.#peek(i) === char),
      );
      if (found === undefined) throw regexError('quantifier operand invalid');
      open = `(${found}`;
      around = found !== '?:';
      this.#at += found.length;
    } else if (this.#around > 0) open = '(?:';
    else this.#groups++;
    const number = open === '(' ? this.#groups : 0;
    if (around) this.#around++;
    const inner = this.#alternation(depth + 1);
    if (around) this.#around--;
    if (this.#peek() !== ')') throw regexError('parentheses () not balanced');
    this.#at++;
    if (number > 0) this.#closed.add(number);
    if (around) this.#context = true;
    const source = `${open}${inner.source})`;
    if (around) return { source, preference: 'none', quantifiable: false, node: { kind: 'assert', source } };
    const node: RegexNode = { kind: 'group', number, inner: inner.node };
    return { source, preference: inner.preference, quantifiable: true, node };
  }

  /** Behind a backslash, outside of brackets. */
  #escape(): string {
    const char = this.#peek();
    if (/^[dswDSW]$/.test(char)) {
      this.#at++;
      const set = char.toLowerCase() === 'd' ? '0-9' : char.toLowerCase() === 's' ? '\\s' : WORD;
      return char === char.toLowerCase() ? `[${set}]` : `[^${set}]`;
    }
    if (/^[1-9]$/.test(char)) {
      let digits = char;
      // A number that is not that of a group is octal, unless it is of one digit.
      if (/^\d$/.test(this.#peek(1)) && Number(char + this.#peek(1)) <= this.#groups) digits += this.#peek(1);
      if (Number(digits) > this.#groups) {
        if (digits.length === 1 && !/^[0-7]$/.test(this.#peek(1))) throw regexError('invalid backreference number');
      } else {
        if (!this.#closed.has(Number(digits)) || this.#around > 0) throw regexError('invalid backreference number');
        this.#at += digits.length;
        this.#references = true;
        return `(?:\\${digits})`;
      }
    }
    return quoted(this.#character());
  }

  /** A character written with a backslash. */
  #character(): string {
    const char = this.#peek();
    if (char === '') throw regexError('invalid escape \\ sequence');
    this.#at++;
    if (!/^[\p{L}\p{N}]$/u.test(char)) return char;
    const known = CHARACTERS[char];
    if (known !== undefined) return String.fromCodePoint(known);
    const take = (pattern: RegExp, base: number): string => {
      const digits = pattern.exec(this.#chars.slice(this.#at, this.#at + 16).join(''))?.[0] ?? '';
      const code = Number.parseInt(digits, base);
      if (!(code <= 0x10ffff)) throw regexError('invalid escape \\ sequence');
      this.#at += digits.length;
      return String.fromCodePoint(code);
    };
    switch (char) {
      case 'c': {
        const control = this.#peek();
        this.#at++;
        return String.fromCodePoint((control.codePointAt(0) ?? 0) & 31);
      }
      case 'u':
        return take(/^[0-9a-fA-F]{4}/, 16);
      case 'U':
        return take(/^[0-9a-fA-F]{8}/, 16);
      case 'x':
        return take(/^[0-9a-fA-F]+/, 16);
      case '0':
        this.#at--;
        return take(/^[0-7]{1,3}/, 8);
      default:
        if (/^[1-7]$/.test(char)) {
          this.#at--;
          return take(/^[0-7]{1,3}/, 8);
        }
        throw regexError('invalid escape \\ sequence');
    }
  }

  #bracket(): string {
    let set = '';
    const outside: string[] = [];
    const negated = this.#peek() === '^';
    if (negated) this.#at++;
    let ranged = false;
    for (let first = true; first || this.#peek() !== ']'; first = false) {
      if (this.#at >= this.#chars.length) throw regexError('brackets [] not balanced');
      // A hyphen behind a range is one only at the end.
      if (ranged && this.#peek() === '-' && this.#peek(1) !== ']') throw regexError('invalid character range');
      ranged = false;
      const item = this.#bracketItem();
      const isRange = this.#peek() === '-' && this.#peek(1) !== ']' && this.#peek(1) !== '';
      if (item.set !== undefined) {
        if (isRange) throw regexError('invalid character range');
        if (item.complement === true) outside.push(`[^${item.set}]`);
        else set += item.set;
        continue;
      }
      const low = item.char;
      if (!isRange) {
        set += bracketed(low);
        continue;
      }
      this.#at++;
      const high = this.#bracketItem();
      if (high.set !== undefined || (low.codePointAt(0) ?? 0) > (high.char.codePointAt(0) ?? 0))
        throw regexError('invalid character range');
      set += `${bracketed(low)}-${bracketed(high.char)}`;
      ranged = true;
    }
    this.#at++;
    if (negated && !this.#options.dotNewline) set += '\\n';
    if (outside.length === 0) return `[${negated ? '^' : ''}${set}]`;
    const either = (set === '' ? outside : [`[${set}]`, ...outside]).join('|');
    return negated ? `(?:(?!${either})[^])` : `(?:${either})`;
  }

  #bracketItem(): { readonly char: string; readonly set?: string; readonly complement?: boolean } {
    const char = this.#peek();
    this.#at++;
    if (char === '\\') {
      const name = this.#peek().toLowerCase();
      if (/^[dsw]$/.test(name)) {
        const complement = this.#peek() !== name;
        this.#at++;
        return { char: '', set: name === 'd' ? '0-9' : name === 's' ? '\\s' : WORD, complement };
      }
      return { char: this.#character() };
    }
    if (char !== '[' || !/^[:.=]$/.test(this.#peek())) return { char };
    const kind = this.#peek();
    const rest = this.#chars.slice(this.#at + 1).join('');
    const end = rest.indexOf(`${kind}]`);
    if (end < 0) throw regexError('brackets [] not balanced');
    const name = rest.slice(0, end);
    this.#at += 1 + [...name].length + 2;
    if (kind === ':') {
      const set = CLASSES[name];
      if (set === undefined) throw regexError('invalid character class');
      return { char: '', set };
    }
    if ([...name].length === 1) return kind === '=' ? { char: '', set: bracketed(name) } : { char: name };
    const named = COLLATING.get(name);
    if (named === undefined) throw regexError('invalid collating element');
    return { char: named };
  }
}
