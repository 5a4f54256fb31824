/** The history of one row: its versions from the newest to the oldest, what each commit changed, and who did it. */
import type { CSSResultGroup, TemplateResult } from 'lit';
import { css, html } from 'lit';
import type { RowHistory } from '../state/shown.ts';
import { dayOf, indexOfSeq, timeOf } from '../state/moments.ts';
import { ConsoleElement, shared } from './shared.ts';

const MAX_VERSIONS = 500;

export class DriftRow extends ConsoleElement {
  static override styles: CSSResultGroup = [shared, sheet()];

  override render(): TemplateResult {
    const { rowHistory } = this.state;
    if (rowHistory === undefined) {
      return html`<p class="empty">
        Open a row of a table (double click it, or press Enter in the result) to see every version it ever had.
      </p>`;
    }
    if ('message' in rowHistory) return html`<p class="empty error">${rowHistory.message}</p>`;
    const { table, key, versions } = rowHistory;
    const count = versions.rows.length;
    return html`
      <h2>${table.name} <code>${key.join(', ')}</code></h2>
      <p class="muted">
        ${count === 1 ? 'One version' : `${count} versions`}, newest first. Choose one to go to its moment.
      </p>
      <ol>
        ${this.#versions(rowHistory)}
      </ol>
    `;
  }

  #versions({ versions }: RowHistory): TemplateResult[] {
    const { rows } = versions;
    const items: TemplateResult[] = [];
    for (let index = rows.length - 1; index >= 0 && items.length < MAX_VERSIONS; index--) {
      const row = rows[index] ?? [];
      const next = rows[index + 1];
      const to = row[1] ?? null;
      // No version follows directly: the row was deleted at the end of this one.
      if (to !== null && isSeq(to) && next?.[0] !== to) items.push(this.#item(Number(to), 'Deleted', []));
      const before = rows[index - 1];
      const follows = before !== undefined && before[1] === row[0];
      items.push(
        this.#item(
          Number(row[0]),
          follows ? 'Changed' : 'Created',
          this.#changes(
            versions.fields.map((field) => field.name),
            row,
            follows ? before : undefined,
          ),
        ),
      );
    }
    return items;
  }

  #changes(
    names: readonly string[],
    row: readonly (string | null)[],
    before: readonly (string | null)[] | undefined,
  ): TemplateResult[] {
    return names.flatMap((name, column) => {
      const cell = row[column] ?? null;
      if (column < 2 || (before !== undefined && before[column] === cell)) return [];
      const old = before === undefined ? '' : html`<s>${before[column] ?? 'NULL'}</s> `;
      return [
        html`<dt>${name}</dt>
          <dd>${old}${cell ?? html`<em>NULL</em>`}</dd>`,
      ];
    });
  }

  #item(seq: number, verb: string, changes: readonly TemplateResult[]): TemplateResult {
    const { commits, moment } = this.state;
    const index = indexOfSeq(commits, seq);
    const at = commits.at[index] ?? 0;
    const here = moment !== null && commits.seq[index] === moment;
    return html`<li class=${here ? 'here' : ''}>
      <button class="quiet" @click=${() => this.state.travel(index)}>
        <b>${dayOf(at)}</b> <span class="muted">${timeOf(at)} <span class="seq">#${seq}</span></span>
      </button>
      <div class="message">
        ${verb}: ${commits.message[index] || html`<span class="muted">no message</span>`}
        <span class="muted">${commits.author[index] ? `by ${commits.author[index]}` : ''}</span>
      </div>
      ${changes.length === 0 ? '' : html`<dl>${changes}</dl>`}
    </li>`;
  }
}

function isSeq(text: string): boolean {
  const seq = Number(text);
  // The open end of a version is null or the greatest number.
  return Number.isFinite(seq) && seq < Number.MAX_SAFE_INTEGER;
}

function sheet(): CSSResultGroup {
  return css`
    :host {
      height: 100%;
      overflow: auto;
      padding: 8px 16px 24px;
    }
    h2 {
      margin: 8px 0 0;
      font-size: 16px;
    }
    h2 code {
      font: 600 15px var(--mono);
      color: var(--accent);
    }
    p {
      margin: 0 0 8px;
      font-size: 13px;
    }
    ol {
      list-style: none;
      margin: 0;
      padding: 0 0 0 8px;
    }
    li {
      position: relative;
      padding: 0 0 16px 20px;
      border-left: 2px solid var(--line);
      font-size: 13px;
    }
    li::before {
      content: '';
      position: absolute;
      left: -6px;
      top: 11px;
      width: 10px;
      height: 10px;
      border-radius: 50%;
      background: var(--surface);
      border: 2px solid var(--line-strong);
    }
    li.here::before {
      background: var(--accent);
      border-color: var(--accent);
    }
    button {
      padding: 0 4px;
      margin-left: -4px;
    }
    .seq {
      font: 12px var(--mono);
    }
    dl {
      display: grid;
      grid-template-columns: max-content minmax(0, 1fr);
      gap: 0 16px;
      margin: 4px 0 0;
      font: 13px/1.6 var(--mono);
    }
    dt {
      color: var(--ink-2);
    }
    dd {
      margin: 0;
      overflow-wrap: anywhere;
    }
    s {
      color: var(--ink-2);
    }
  `;
}

customElements.define('drift-row', DriftRow);
