/**
 * Under the result: who changed the cell that is pointed at, or stood on with the keyboard, last; when, and in which commit.
 * It stays while the pointer moves on, so that its commit can be gone to; what is no longer pointed at is not asked for.
 */
import type { CSSResultGroup, PropertyDeclarations, TemplateResult } from 'lit';
import { css, html } from 'lit';
import { toQueryError } from '../database.ts';
import type { Blame, Versions } from '../state/blame.ts';
import { blameOf, readVersions } from '../state/blame.ts';
import { dayOf, indexOfSeq, timeOf } from '../state/moments.ts';
import type { CellPoint } from './drift-grid.ts';
import { ConsoleElement, shared } from './shared.ts';

/** Cells that are only passed over are not asked for. */
const DWELL_MS = 120;
/** Rows whose versions are kept. */
const KEPT = 50;

interface Shown {
  readonly column: string;
  /** undefined for a value that is not stored as it is shown. */
  readonly blame: Blame | undefined;
}

export class DriftBlame extends ConsoleElement {
  static override properties: PropertyDeclarations = { shown: { state: true }, error: { state: true } };
  static override styles: CSSResultGroup = [shared, sheet()];

  declare shown: Shown | undefined;
  declare error: string;
  #timer = 0;
  #reading: AbortController | undefined;
  /** By key of the row; all of one state of the database. */
  readonly #versions = new Map<string, Versions>();
  #versionsAt = '';
  #shownFor = '';

  constructor() {
    super();
    this.shown = undefined;
    this.error = '';
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.leave();
  }

  override render(): TemplateResult {
    return html`<div role="status">
      ${this.error === '' ? this.#text() : html`<span class="error">${this.error}</span>`}
    </div>`;
  }

  /** Who changed a cell of another state, or of another result, is not said of this one. */
  override willUpdate(): void {
    const key = this.#stateKey();
    if (key === this.#shownFor) return;
    this.#shownFor = key;
    this.shown = undefined;
    this.error = '';
  }

  #stateKey(): string {
    const { dataSet, branch, moment, commits, outcome } = this.state;
    return `${dataSet?.name}|${branch}|${moment}|${commits.seq.length}|${outcome?.sql}`;
  }

  #text(): TemplateResult {
    if (this.shown === undefined)
      return html`<span class="muted">Point at a cell, or go there by arrow keys: who changed it last</span>`;
    const { column, blame } = this.shown;
    if (blame === undefined) return html`<b>${column}</b> <span class="muted">is not stored as it is shown</span>`;
    const { seq, at, author, message, made, orEarlier } = blame;
    return html`<b>${column}</b> <span class="muted">${made ? 'since the row was made' : 'last changed'} in</span>
      <button class="quiet" title="Go to this moment" @click=${() => this.#goTo(seq)}>#${seq}</button>
      <span class="muted"
        >${orEarlier ? 'or earlier, ' : ''}${dayOf(at)}, ${timeOf(at)}${author === '' ? '' : ` by ${author}`}</span
      >
      ${message}`;
  }

  /** A cell is pointed at, or has the focus. */
  point(point: CellPoint): void {
    this.leave();
    this.#timer = window.setTimeout(() => void this.#show(point), DWELL_MS);
  }

  /** Nothing is pointed at any more: what is asked for is given up, what is shown stays. */
  leave(): void {
    clearTimeout(this.#timer);
    this.#reading?.abort();
    this.#reading = undefined;
  }

  async #show({ row, column }: CellPoint): Promise<void> {
    const { state } = this;
    const [table, reader, fields] = [state.rowTable(), state.reader, state.outcome?.result?.fields];
    const name = fields?.[column]?.name;
    if (table === undefined || reader === undefined || fields === undefined || name === undefined) return;
    const key = table.key.map((part) => row[fields.findIndex((field) => field.name === part)] ?? null);
    const reading = (this.#reading = new AbortController());
    try {
      const versions = await this.#versionsOf(key, () => readVersions(reader, table, key, reading.signal));
      if (reading.signal.aborted) return;
      this.shown = { column: name, blame: blameOf(versions, name, row[column] ?? null) };
      this.error = '';
    } catch (error) {
      if (!reading.signal.aborted) this.error = toQueryError(error).message;
    }
  }

  async #versionsOf(key: readonly (string | null)[], read: () => Promise<Versions>): Promise<Versions> {
    const at = this.#stateKey();
    if (at !== this.#versionsAt) this.#versions.clear();
    this.#versionsAt = at;
    const id = JSON.stringify(key);
    const known = this.#versions.get(id);
    if (known !== undefined) return known;
    const versions = await read();
    const oldest = this.#versions.keys().next().value;
    if (this.#versions.size >= KEPT && oldest !== undefined) this.#versions.delete(oldest);
    if (at === this.#versionsAt) this.#versions.set(id, versions);
    return versions;
  }

  #goTo(seq: number): void {
    this.state.travel(indexOfSeq(this.state.commits, seq));
  }
}

function sheet(): CSSResultGroup {
  return css`
    :host {
      border-top: 1px solid var(--line);
      background: var(--surface);
      font-size: 12px;
    }
    div {
      height: 32px;
      padding: 0 16px;
      line-height: 32px;
      white-space: nowrap;
      overflow: hidden;
      text-overflow: ellipsis;
    }
    button {
      min-height: 24px;
      padding: 0 4px;
      color: var(--accent);
      font: 12px var(--mono);
      text-decoration: underline;
      text-underline-offset: 3px;
    }
    @media (max-width: 720px) {
      div {
        height: 48px;
        padding: 4px 8px;
        line-height: 20px;
        white-space: normal;
      }
    }
  `;
}

customElements.define('drift-blame', DriftBlame);
