/**
 * The result grid: a table of any length of which only the visible rows exist in the document.
 *
 * All rows have one height, so the place of a row is a multiplication; a spacer gives the scroll bar its length. Browsers
 * stop at some 16 million pixels of height, so very long results are scaled: the scroll position stands for a share of
 * the rows. Widths are measured from a sample of the cells and can be dragged; cells are reached by arrow keys.
 */
import type { CSSResultGroup, PropertyDeclarations, PropertyValues, TemplateResult } from 'lit';
import { html, LitElement } from 'lit';
import type { Field } from '../database.ts';
import { isNumeric } from '../database.ts';
import { gridStyles } from './grid-styles.ts';
import { RowChanges } from './row-changes.ts';
import { properties, shared } from './shared.ts';
import type { SortOrder } from './sort-rows.ts';
import { nextOrder, sortRows } from './sort-rows.ts';

const ROW = 32;
const MAX_HEIGHT = 8_000_000;
const MAX_CHARS = 400;
const WHOLE_CHARS = 20_000;
const JSON_OIDS: ReadonlySet<number> = new Set([114, 3802]);

export type GridRow = readonly (string | null)[];

/** A cell that is pointed at, or stood on: `cell-point` tells of it, `cell-leave` that none is. */
export interface CellPoint {
  readonly row: GridRow;
  readonly column: number;
}

/** What a row or cell is marked with, by row and column; see drift-compare. */
export type Marker = (row: number, column: number) => { readonly mark: string; readonly before?: string | null };

export class DriftGrid extends LitElement {
  static override properties: PropertyDeclarations = {
    fields: { attribute: false },
    rows: { attribute: false },
    marker: { attribute: false },
    rowsOpen: { type: Boolean },
    at: { attribute: false },
    openHint: { attribute: false },
    keyColumns: { attribute: false, hasChanged: () => false },
    first: { state: true },
    visible: { state: true },
    active: { state: true },
    widths: { state: true },
    order: { state: true },
  };
  static override styles: CSSResultGroup = [shared, gridStyles];

  declare fields: readonly Field[];
  declare rows: readonly GridRow[];
  declare marker: Marker | undefined;
  /** Rows can be opened (Enter or double click): fires `row-open` with the row. */
  declare rowsOpen: boolean;
  /** Draws anew when it changes: what the marker answers depends on it. */
  declare at: number | undefined;
  /** What opening a row does, in words. */
  declare openHint: string;
  /** Columns that tell rows apart: with them, cells that change when `rows` does light up for a moment. */
  declare keyColumns: readonly number[];
  declare first: number;
  declare visible: number;
  declare active: readonly [row: number, column: number];
  declare widths: readonly number[];
  /** Chosen by a click on a heading; undefined is the order of the statement. */
  declare order: SortOrder | undefined;
  /** The rows in that order. */
  #sorted: readonly GridRow[] = [];
  #shape = '';
  #pointed = '';
  #changes: RowChanges | undefined;
  readonly #observer = new ResizeObserver(() => this.#measure());

  constructor() {
    super();
    this.fields = [];
    this.rows = [];
    this.marker = undefined;
    this.rowsOpen = false;
    this.at = undefined;
    this.openHint = 'Every version of this row';
    this.keyColumns = [];
    this.first = 0;
    this.visible = 40;
    this.active = [0, 0];
    this.widths = [];
    this.order = undefined;
  }

  override willUpdate(changed: PropertyValues): void {
    if (!changed.has('fields') && !changed.has('rows')) {
      if (changed.has('first') || changed.has('order')) this.#changes = undefined;
      if (changed.has('order')) this.#sort();
      return;
    }
    this.#pointed = '';
    const shape = this.fields.map((field) => `${field.name}:${field.dataTypeID}`).join('|');
    // Moving in time keeps widths and place while the columns are the same.
    const same = shape === this.#shape && !changed.has('marker');
    this.#changes = same ? RowChanges.between(changed.get('rows'), this.keyColumns, this.#changes) : undefined;
    if (shape !== this.#shape) this.order = undefined;
    if (!same) {
      this.#shape = shape;
      this.widths = this.fields.map((field, column) => this.#widthOf(field, column));
      this.active = [0, 0];
    }
    this.active = [Math.min(this.active[0], Math.max(0, this.rows.length - 1)), this.active[1]];
    this.first = Math.min(this.first, Math.max(0, this.rows.length - this.visible + 1));
    this.#sort();
  }

  #sort(): void {
    const field = this.fields[this.order?.column ?? -1];
    this.#sorted =
      this.order === undefined || field === undefined ? this.rows : sortRows(this.rows, this.order, isNumeric(field));
  }

  override firstUpdated(): void {
    this.#observer.observe(this);
  }

  override render(): TemplateResult {
    const { rows, fields } = this;
    const to = Math.min(rows.length, this.first + this.visible + 1);
    const indexes = Array.from({ length: Math.max(0, to - this.first) }, (_, index) => this.first + index);
    const columns = [`${this.#numberWidth}px`, ...this.widths.map((width) => `${width}px`)].join(' ');
    return html`<div
        class="scroller"
        role="grid"
        tabindex="0"
        aria-label="Result"
        aria-rowcount=${rows.length + 1}
        aria-colcount=${fields.length}
        aria-activedescendant=${`c${this.active[0]}-${this.active[1]}`}
        ${properties({ '--columns': columns })}
        @scroll=${this.#scroll}
        @keydown=${this.#key}
        @copy=${this.#copy}
        @pointerover=${this.#over}
        @pointerleave=${() => this.#point(undefined)}
        @focus=${() => this.#point(this.active)}
        @blur=${() => this.#point(undefined)}
      >
        <div class="row headings" role="row" aria-rowindex="1">
          <div class="number" role="presentation"></div>
          ${fields.map((field, column) => this.#heading(field, column))}
        </div>
        <div class="space" ${properties({ height: `${this.#height}px` })}>
          <div class="window" ${properties({ transform: `translateY(${this.#offset}px)` })}>
            ${rows.length === 0 ? html`<p class="none">No rows</p>` : ''} ${indexes.map((index) => this.#row(index))}
          </div>
        </div>
      </div>
      ${this.#whole()}`;
  }

  /** The active cell in full, where the grid has no room for it. */
  #whole(): TemplateResult | string {
    const [row, column] = this.active;
    const cell = this.#sorted[row]?.[column] ?? '';
    const isJson = JSON_OIDS.has(this.fields[column]?.dataTypeID ?? 0);
    const fits = !cell.includes('\n') && !isJson && cell.length * 7 + 24 < (this.widths[column] ?? 0);
    if (fits || cell.length < 12) return '';
    return html`<pre class="whole">
${isJson ? JSON.stringify(JSON.parse(cell), null, 2) : cell.slice(0, WHOLE_CHARS)}</pre>`;
  }

  #heading(field: Field, column: number): TemplateResult {
    const order = this.order?.column === column ? this.order : undefined;
    // Marks stand for the rows in their given order.
    const sorts = this.marker === undefined;
    return html`<div
      class="cell heading ${isNumeric(field) ? 'right' : ''} ${sorts ? 'sorts' : ''}"
      role="columnheader"
      title=${sorts ? `${field.name}: click to sort` : field.name}
      aria-sort=${order === undefined ? 'none' : order.descending ? 'descending' : 'ascending'}
      @click=${() => (this.order = sorts ? nextOrder(this.order, column) : undefined)}
    >
      ${field.name}${order === undefined ? '' : order.descending ? ' ↓' : ' ↑'}<span
        class="handle"
        @click=${(event: Event) => event.stopPropagation()}
        @pointerdown=${(event: PointerEvent) => this.#resize(event, column)}
      ></span>
    </div>`;
  }

  #row(index: number): TemplateResult {
    const row = this.#sorted[index] ?? [];
    const mark = this.marker?.(index, -1).mark ?? '';
    const before = this.#changes?.before(row);
    return html`<div class="row ${mark}" role="row" aria-rowindex=${index + 2} @dblclick=${() => this.#open(index)}>
      <div
        class="number ${this.rowsOpen ? 'opens' : ''}"
        role="presentation"
        title=${this.rowsOpen ? this.openHint : ''}
        @click=${() => this.#open(index)}
      >
        ${mark === '' || mark === 'same' ? index + 1 : html`<span class="tag">${mark}</span>`}
      </div>
      ${this.fields.map((field, column) => {
        const cell = row[column] ?? null;
        const marked = this.marker?.(index, column);
        const active = this.active[0] === index && this.active[1] === column;
        const lit = before !== undefined && (before[column] ?? null) !== cell ? (this.#changes?.mark ?? '') : '';
        const text = cell === null ? 'NULL' : cell.length > MAX_CHARS ? `${cell.slice(0, MAX_CHARS)}…` : cell;
        return html`<div
          id=${`c${index}-${column}`}
          class="cell ${isNumeric(field) ? 'right' : ''} ${cell === null ? 'null' : ''} ${active ? 'active' : ''} ${marked?.mark ?? ''} ${lit}"
          role="gridcell"
          title=${marked?.before === undefined ? text : `was ${marked.before ?? 'NULL'}`}
          @click=${() => this.#choose(index, column)}
        >
          ${marked?.before === undefined ? '' : html`<s>${marked.before ?? 'NULL'}</s>`}
          <span class="value">${text}</span>
        </div>`;
      })}
    </div>`;
  }

  /** Height of all rows, cut where browsers would lose precision. */
  get #height(): number {
    return Math.min(MAX_HEIGHT, this.rows.length * ROW);
  }

  get #isScaled(): boolean {
    return this.rows.length * ROW > MAX_HEIGHT;
  }

  get #numberWidth(): number {
    return Math.max(56, String(this.rows.length).length * 8 + 16);
  }

  /** Place of the first rendered row in the spacer. */
  get #offset(): number {
    const scroller = this.#scroller;
    if (!this.#isScaled || scroller === null) return this.first * ROW;
    return scroller.scrollTop - (this.#topRow(scroller) - this.first) * ROW;
  }

  /** The row at the upper edge, with the share of it that is scrolled away. */
  #topRow(scroller: HTMLElement): number {
    if (!this.#isScaled) return scroller.scrollTop / ROW;
    return (scroller.scrollTop / (scroller.scrollHeight - scroller.clientHeight)) * this.#lastTop(scroller);
  }

  /** The row at the upper edge when the last one is at the lower edge; the headings take a row's height. */
  #lastTop(scroller: HTMLElement): number {
    return Math.max(1, this.rows.length - scroller.clientHeight / ROW + 1);
  }

  get #scroller(): HTMLElement | null {
    return this.renderRoot.querySelector('.scroller');
  }

  #scroll(): void {
    const scroller = this.#scroller;
    if (scroller === null) return;
    this.first = Math.max(0, Math.min(Math.floor(this.#topRow(scroller)), this.rows.length - 1));
    if (this.#isScaled) this.requestUpdate();
  }

  #measure(): void {
    this.visible = Math.ceil(Math.max(120, this.clientHeight) / ROW) + 1;
  }

  #widthOf(field: Field, column: number): number {
    let longest = field.name.length + 2;
    // A sample over all rows: the first ones often have the shortest numbers.
    const stride = Math.max(1, Math.floor(this.rows.length / 200));
    for (let index = this.rows.length - 1; index >= 0; index -= stride) {
      const before = this.marker?.(index, column).before;
      const length = this.rows[index]?.[column]?.length ?? 4;
      longest = Math.max(longest, length + (before === undefined ? 0 : (before?.length ?? 4) + 1));
    }
    const most = this.clientWidth < 600 ? 200 : 360;
    return Math.round(Math.min(most, Math.max(72, longest * 8 + 28)));
  }

  #choose(row: number, column: number): void {
    this.active = [row, column];
    this.#point(this.active);
  }

  #over(event: PointerEvent): void {
    const cell = event.target instanceof Element ? event.target.closest('[role="gridcell"]') : null;
    const [, row, column] = /^c(\d+)-(\d+)$/.exec(cell?.id ?? '') ?? [];
    // A finger that scrolls points at nothing.
    if (event.pointerType === 'mouse') this.#point(row === undefined ? undefined : [Number(row), Number(column)]);
  }

  #point(place: readonly [row: number, column: number] | undefined): void {
    const key = place?.join('-') ?? '';
    if (key === this.#pointed) return;
    this.#pointed = key;
    const row = this.#sorted[place?.[0] ?? -1];
    if (place === undefined || row === undefined) this.dispatchEvent(new CustomEvent('cell-leave'));
    else this.dispatchEvent(new CustomEvent<CellPoint>('cell-point', { detail: { row, column: place[1] } }));
  }

  #open(row: number): void {
    const detail = this.#sorted[row];
    if (this.rowsOpen && detail !== undefined) this.dispatchEvent(new CustomEvent('row-open', { detail }));
  }

  #key(event: KeyboardEvent): void {
    const [row, column] = this.active;
    const page = Math.max(1, this.visible - 4);
    const moves: Readonly<Record<string, readonly [number, number]>> = {
      ArrowUp: [row - 1, column],
      ArrowDown: [row + 1, column],
      ArrowLeft: [row, column - 1],
      ArrowRight: [row, column + 1],
      PageUp: [row - page, column],
      PageDown: [row + page, column],
      Home: event.ctrlKey || event.metaKey ? [0, 0] : [row, 0],
      End: event.ctrlKey || event.metaKey ? [this.rows.length - 1, column] : [row, this.fields.length - 1],
    };
    if (event.key === 'Enter') return this.#open(row);
    const target = moves[event.key];
    if (target === undefined) return;
    event.preventDefault();
    const clamp = (value: number, count: number): number => Math.max(0, Math.min(count - 1, value));
    this.active = [clamp(target[0], this.rows.length), clamp(target[1], this.fields.length)];
    this.#point(this.active);
    this.#reveal();
  }

  /** Scrolls so far that the active cell is seen. */
  #reveal(): void {
    const scroller = this.#scroller;
    if (scroller === null) return;
    const [row, column] = this.active;
    const rowsSeen = Math.floor(scroller.clientHeight / ROW) - 1;
    const scale = this.#isScaled ? (scroller.scrollHeight - scroller.clientHeight) / this.#lastTop(scroller) : ROW;
    if (row < this.first) scroller.scrollTop = row * scale;
    else if (row >= this.first + rowsSeen) scroller.scrollTop = (row - rowsSeen + 1) * scale;
    const left = this.widths.slice(0, column).reduce((sum, width) => sum + width, 0);
    const right = left + this.#numberWidth + (this.widths[column] ?? 0);
    if (left < scroller.scrollLeft) scroller.scrollLeft = left;
    else if (right > scroller.scrollLeft + scroller.clientWidth) scroller.scrollLeft = right - scroller.clientWidth;
  }

  /** Copies the active cell, unless text is selected. */
  #copy(event: ClipboardEvent): void {
    const [row, column] = this.active;
    if ((getSelection()?.toString() ?? '') !== '') return;
    event.clipboardData?.setData('text/plain', this.#sorted[row]?.[column] ?? '');
    event.preventDefault();
  }

  #resize(event: PointerEvent, column: number): void {
    event.preventDefault();
    const handle = event.currentTarget as HTMLElement;
    handle.setPointerCapture(event.pointerId);
    const from = event.clientX;
    const width = this.widths[column] ?? 0;
    handle.onpointermove = (move) => {
      this.widths = this.widths.with(column, Math.max(40, width + move.clientX - from));
    };
    handle.onpointerup = () => (handle.onpointermove = null);
  }
}

customElements.define('drift-grid', DriftGrid);
