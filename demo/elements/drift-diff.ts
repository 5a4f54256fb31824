/**
 * "Differences": the database at two chosen moments, or on two branches. Tables that differ, with counts and what changed of
 * their definition; of the chosen one the rows, with what was added, removed and changed marked cell by cell.
 */
import type { CSSResultGroup, PropertyDeclarations, TemplateResult } from 'lit';
import { html } from 'lit';
import type { Field, QueryError } from '../database.ts';
import { toQueryError } from '../database.ts';
import type { Comparison } from '../state/compare.ts';
import type { Span, TableDiff } from '../state/diff.ts';
import { diffRows, diffTables, MOST_ROWS } from '../state/diff.ts';
import { dayOf, momentOf } from '../state/moments.ts';
import { diffStyles } from './diff-styles.ts';
import './drift-grid.ts';
import type { GridRow, Marker } from './drift-grid.ts';
import { markerOf } from './drift-compare.ts';
import { ConsoleElement, shared } from './shared.ts';

const TEXT = 25;
/** The newest commits that can be chosen by name; older ones by the time line. */
const LISTED = 200;
const BRANCH = 'branch:';

/** An end as the value of its choice: `moment` follows the time line, else `now`, a sequence number, `branch:` and a name. */
type End = string;

export class DriftDiff extends ConsoleElement {
  static override properties: PropertyDeclarations = {
    from: { state: true },
    to: { state: true },
    tables: { state: true },
    chosen: { state: true },
    comparison: { state: true },
    error: { state: true },
  };
  static override styles: CSSResultGroup = [shared, diffStyles];

  declare from: End;
  declare to: End;
  /** undefined while they are read. */
  declare tables: readonly TableDiff[] | undefined;
  /** The table whose rows are shown. */
  declare chosen: TableDiff | undefined;
  declare comparison: Comparison | undefined;
  declare error: QueryError | undefined;
  #readFor = '';
  #reading: AbortController | undefined;
  #marked: { readonly rows: readonly GridRow[]; readonly marker: Marker } = { rows: [], marker: () => ({ mark: '' }) };

  constructor() {
    super();
    this.from = 'moment';
    this.to = 'now';
    this.tables = this.chosen = this.comparison = this.error = undefined;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#reading?.abort();
  }

  override render(): TemplateResult {
    return html`
      <div class="ends">
        <label>From ${this.#choice('from')}</label>
        <label>to ${this.#choice('to')}</label>
        ${
          this.#span()?.kind === 'branches'
            ? html`<button class="quiet" @click=${() => this.#swap()} title="The other way round">Swap</button>`
            : ''
        }
      </div>
      ${this.#found()}
    `;
  }

  #found(): TemplateResult {
    if (this.error !== undefined) return html`<p class="empty error">${this.error.message}</p>`;
    if (this.#span() === undefined)
      return html`<p class="empty">
        Both are the same. Drag the time line to an earlier moment, or choose another one here.
      </p>`;
    if (this.tables === undefined) return html`<p class="empty">Comparing…</p>`;
    if (this.tables.length === 0) return html`<p class="empty">Nothing differs.</p>`;
    return html`
      <div class="tables" role="group" aria-label="Tables that differ">
        ${this.tables.map(
          (table) =>
            html`<button aria-pressed=${table === this.chosen} @click=${() => void this.#choose(table)}>
              <b>${table.name}</b> ${countsOf(table)}
            </button>`,
        )}
      </div>
      ${this.#rows()}
    `;
  }

  #rows(): TemplateResult {
    const { chosen, comparison } = this;
    if (chosen === undefined) return html``;
    const definition = chosen.definition === '' ? '' : html`<p class="definition">${chosen.definition}</p>`;
    if (!hasRows(chosen))
      return html`${definition}
        <p class="empty">No row differs.</p>`;
    if (comparison === undefined)
      return html`${definition}
        <p class="empty">Comparing…</p>`;
    const cut =
      comparison.rows.length === MOST_ROWS ? html`<p class="definition">The first ${MOST_ROWS} rows.</p>` : '';
    return html`${definition}${cut}<drift-grid
        .fields=${fieldsOf(comparison)}
        .rows=${this.#marked.rows}
        .marker=${this.#marked.marker}
      ></drift-grid>`;
  }

  #choice(end: 'from' | 'to'): TemplateResult {
    const { commits, commitIndex, moment, tags, branches, branch } = this.state;
    const option = (value: End, text: string): TemplateResult =>
      html`<option value=${value} .selected=${this[end] === value}>${text}</option>`;
    const first = Math.max(0, commits.seq.length - LISTED);
    const named = (index: number): string =>
      `#${commits.seq[index]} ${dayOf(commits.at[index] ?? 0)} ${commits.message[index] ?? ''}`.slice(0, 60);
    return html`<select
      aria-label=${end === 'from' ? 'From' : 'To'}
      @change=${(event: Event) => this.#set(end, (event.target as HTMLSelectElement).value)}
    >
      ${option('moment', `Time line: ${moment === null ? 'now' : momentOf(commits, commitIndex)}`)}
      ${option('now', branches.length > 1 ? `Now, on ${branch}` : 'Now')}
      ${
        branches.length < 2
          ? ''
          : html`<optgroup label="Branches">
              ${branches.filter(({ isCurrent }) => !isCurrent).map(({ name }) => option(BRANCH + name, `Now, on ${name}`))}
            </optgroup>`
      }
      ${
        tags.length === 0
          ? ''
          : html`<optgroup label="Tags">${tags.map(({ name, seq }) => option(`${seq} ${name}`, name))}</optgroup>`
      }
      <optgroup label="Commits">
        ${commits.seq
          .slice(first)
          .map((seq, index) => option(String(seq), named(first + index)))
          .toReversed()}
      </optgroup>
    </select>`;
  }

  /** Branches are compared as they are now. */
  #set(end: 'from' | 'to', value: End): void {
    const other = end === 'from' ? 'to' : 'from';
    const isBranch = value.startsWith(BRANCH);
    if (value !== 'now' && isBranch !== this[other].startsWith(BRANCH)) this[other] = 'now';
    this[end] = value;
  }

  #swap(): void {
    [this.from, this.to] = [this.to, this.from];
  }

  /** undefined where both ends are the same. */
  #span(): Span | undefined {
    const { branch } = this.state;
    const line = (end: End): string => (end.startsWith(BRANCH) ? end.slice(BRANCH.length) : branch);
    const span: Span =
      this.from.startsWith(BRANCH) || this.to.startsWith(BRANCH)
        ? { kind: 'branches', from: line(this.from), to: line(this.to) }
        : { kind: 'moments', from: this.#seqOf(this.from), to: this.#seqOf(this.to) };
    return span.from === span.to ? undefined : span;
  }

  #seqOf(end: End): number {
    const { commits, commitIndex } = this.state;
    if (end === 'moment') return commits.seq[commitIndex] ?? 0;
    if (end === 'now') return commits.seq.at(-1) ?? 0;
    return Number.parseInt(end, 10);
  }

  override willUpdate(): void {
    const { database, everyCommit, branch, dataSet } = this.state;
    // Time goes one way: the earlier moment is the first, wherever the time line was moved to.
    const chosen = this.#span();
    if (chosen?.kind === 'moments' && chosen.from > chosen.to) this.#swap();
    const span = this.#span();
    const key = `${dataSet?.name}|${branch}|${everyCommit.seq.length}|${span?.from}|${span?.to}`;
    if (key === this.#readFor) return;
    this.#readFor = key;
    this.#reading?.abort();
    this.error = undefined;
    if (span !== undefined && database !== undefined)
      void this.#read(span, (this.#reading = new AbortController()).signal);
  }

  async #read(span: Span, signal: AbortSignal): Promise<void> {
    const { database } = this.state;
    if (database === undefined) return;
    try {
      const tables = await diffTables(database, span, signal);
      if (signal.aborted) return;
      this.tables = tables;
      const known = tables.find(({ name }) => name === this.chosen?.name);
      const table = known ?? tables.find(hasRows) ?? tables[0];
      if (table === undefined) this.chosen = undefined;
      else await this.#choose(table);
    } catch (error) {
      if (!signal.aborted) this.error = toQueryError(error);
    }
  }

  async #choose(table: TableDiff): Promise<void> {
    const [span, signal, { database }] = [this.#span(), this.#reading?.signal, this.state];
    if (this.chosen?.name !== table.name) this.comparison = undefined;
    this.chosen = table;
    if (span === undefined || signal === undefined || database === undefined || !hasRows(table)) return;
    try {
      const comparison = await diffRows(database, span, table, signal);
      if (signal.aborted || this.chosen !== table) return;
      this.#marked = markerOf(comparison);
      this.comparison = comparison;
    } catch (error) {
      if (!signal.aborted) this.error = toQueryError(error);
    }
  }
}

function hasRows({ added, removed, changed }: TableDiff): boolean {
  return added + removed + changed > 0;
}

function countsOf(table: TableDiff): TemplateResult {
  const chip = (count: number, word: string): TemplateResult | string =>
    count === 0 ? '' : html`<span class="chip ${word}">${count.toLocaleString('en')} ${word}</span>`;
  return html`${chip(table.changed, 'changed')} ${chip(table.added, 'added')} ${chip(table.removed, 'removed')}
  ${table.definition === '' ? '' : html`<span class="chip">definition</span>`}`;
}

function fieldsOf({ columns }: Comparison): readonly Field[] {
  return columns.map((name) => ({ name, dataTypeID: TEXT }));
}

customElements.define('drift-diff', DriftDiff);
