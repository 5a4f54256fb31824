/**
 * Which part of a match each parenthesis has, after PostgreSQL's rules (regexec.c, cdissect): of the parts of a sequence
 * the first takes as much as it can, or as little where it is not greedy, so that the rest still matches; alternatives are
 * tried in order; of a repetition the last round counts.
 *
 * JavaScript's backtracking has another order, so the match, whose ends are known, is taken apart anew. The ends that a node
 * can have from a place are computed once, so this takes time of about nodes × length², not exponential time. Patterns with
 * back references have no such sets: for them JavaScript's parts stay.
 */

/** What a node prefers: nothing, long matches or short ones. */
export type Preference = 'none' | 'long' | 'short';

export type RegexNode =
  /** One character. */
  | { readonly kind: 'set'; readonly source: string }
  /** A constraint: no character. */
  | { readonly kind: 'assert'; readonly source: string }
  | { readonly kind: 'sequence'; readonly parts: readonly RegexNode[]; readonly preference: Preference }
  | { readonly kind: 'either'; readonly options: readonly RegexNode[] }
  | { readonly kind: 'group'; readonly number: number; readonly inner: RegexNode }
  | {
      readonly kind: 'repeat';
      readonly inner: RegexNode;
      readonly least: number;
      readonly most: number;
      readonly preference: Preference;
    };

export function preferenceOf(node: RegexNode): Preference {
  switch (node.kind) {
    case 'set':
    case 'assert':
      return 'none';
    case 'either':
      return 'long';
    case 'group':
      return preferenceOf(node.inner);
    default:
      return node.preference;
  }
}

type Span = readonly [start: number, end: number];

export class Dissector {
  readonly #mode: string;
  readonly #patterns = new Map<RegexNode, RegExp>();
  #text = '';
  #limit = 0;
  #ends = new Map<RegexNode, Map<number, readonly number[]>>();

  /** `mode`: flags of the pattern. */
  constructor(mode: string) {
    this.#mode = mode;
  }

  /** The parts of the match from `start` to `end`, by number from 1; null where the tree does not match so. */
  dissect(tree: RegexNode, groups: number, text: string, [start, end]: Span): (Span | null)[] | null {
    this.#text = text;
    this.#limit = end;
    this.#ends = new Map();
    if (!this.#endsOf(tree, start).includes(end)) return null;
    const spans = new Array<Span | null>(groups).fill(null);
    this.#take(tree, start, end, spans);
    return spans;
  }

  /** Where a node's matches from a place can end, ascending. */
  #endsOf(node: RegexNode, from: number): readonly number[] {
    let byStart = this.#ends.get(node);
    if (byStart === undefined) this.#ends.set(node, (byStart = new Map()));
    let known = byStart.get(from);
    if (known === undefined) byStart.set(from, (known = [...this.#compute(node, from)].sort((a, b) => a - b)));
    return known;
  }

  #compute(node: RegexNode, from: number): Iterable<number> {
    switch (node.kind) {
      case 'set':
      case 'assert': {
        const end = this.#matchAt(node, from);
        return end < 0 || end > this.#limit ? [] : [end];
      }
      case 'sequence':
        return this.#endsOfParts(node.parts, 0, from);
      case 'either':
        return new Set(node.options.flatMap((option) => this.#endsOf(option, from)));
      case 'group':
        return this.#endsOf(node.inner, from);
      case 'repeat':
        return this.#rounds(node.inner, from, node.least, node.most);
    }
  }

  #matchAt(node: RegexNode & { readonly source: string }, from: number): number {
    let pattern = this.#patterns.get(node);
    if (pattern === undefined) this.#patterns.set(node, (pattern = new RegExp(`(?:${node.source})`, `y${this.#mode}`)));
    pattern.lastIndex = from;
    return pattern.test(this.#text) ? pattern.lastIndex : -1;
  }

  #endsOfParts(parts: readonly RegexNode[], first: number, from: number): Set<number> {
    let places = new Set([from]);
    for (let i = first; i < parts.length && places.size > 0; i++) {
      const next = new Set<number>();
      for (const place of places) for (const end of this.#endsOf(parts[i] as RegexNode, place)) next.add(end);
      places = next;
    }
    return places;
  }

  /** Ends after `least` to `most` rounds. */
  #rounds(inner: RegexNode, from: number, least: number, most: number): Set<number> {
    const found = new Set<number>(least === 0 ? [from] : []);
    let places = new Set([from]);
    const seen = new Set<number>();
    for (let round = 1; round <= most && places.size > 0; round++) {
      const next = new Set<number>();
      for (const place of places) for (const end of this.#endsOf(inner, place)) next.add(end);
      if (round >= least) {
        // Beyond the least number of rounds a place that was reached before leads to nothing new.
        for (const end of next) if (seen.has(end)) next.delete(end);
        for (const end of next) {
          seen.add(end);
          found.add(end);
        }
      }
      places = next;
    }
    return found;
  }

  /** REQUIRES: the node matches from `start` to `end`. */
  #take(node: RegexNode, start: number, end: number, spans: (Span | null)[]): void {
    switch (node.kind) {
      case 'set':
      case 'assert':
        return;
      case 'group':
        if (node.number > 0) spans[node.number - 1] = [start, end];
        this.#take(node.inner, start, end, spans);
        return;
      case 'either': {
        const chosen = node.options.find((option) => this.#endsOf(option, start).includes(end));
        if (chosen !== undefined) this.#take(chosen, start, end, spans);
        return;
      }
      case 'sequence': {
        let at = start;
        node.parts.forEach((part, i) => {
          const reached = this.#preferred(part, at, (cut) => this.#endsOfParts(node.parts, i + 1, cut).has(end));
          this.#take(part, at, reached, spans);
          at = reached;
        });
        return;
      }
      case 'repeat':
        this.#takeRounds(node, start, end, spans);
    }
  }

  /** The end that a node prefers among those that leave the rest a match. */
  #preferred(node: RegexNode, from: number, fits: (end: number) => boolean): number {
    const ends = this.#endsOf(node, from);
    const found = preferenceOf(node) === 'short' ? ends.find(fits) : ends.findLast(fits);
    return found ?? from;
  }

  /** At least one round: all but the last are one part, and the last another. None: the first rounds choose first. */
  #takeRounds(node: RegexNode & { kind: 'repeat' }, start: number, end: number, spans: (Span | null)[]): void {
    const { inner, most } = node;
    if (most === 0) return;
    // An empty part that a round can have is one round.
    const once = start === end && preferenceOf(inner) !== 'short' && this.#endsOf(inner, start).includes(start);
    const least = node.least === 0 && once ? 1 : node.least;
    if (least > 0) {
      const before = [...this.#rounds(inner, start, least - 1, most - 1)].sort((a, b) => a - b);
      const fits = (cut: number): boolean => this.#endsOf(inner, cut).includes(end);
      const cut = preferenceOf(node) === 'short' ? before.find(fits) : before.findLast(fits);
      if (cut !== undefined) this.#take(inner, cut, end, spans);
      return;
    }
    let [at, left] = [start, most];
    while (at < end) {
      const rest = left - 1;
      const fits = (cut: number): boolean =>
        cut > at && (cut === end || (rest > 0 && this.#rounds(inner, cut, 1, rest).has(end)));
      const cut = this.#preferred(inner, at, fits);
      if (cut === at) return;
      if (cut === end) this.#take(inner, at, cut, spans);
      [at, left] = [cut, rest];
    }
  }
}
