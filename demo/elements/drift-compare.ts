/** "Then and now": the rows of both moments in one grid, with what was added, removed and changed marked. */
import type { CSSResultGroup, TemplateResult } from 'lit';
import { css, html } from 'lit';
import type { Field } from '../database.ts';
import type { Comparison } from '../state/compare.ts';
import { momentOf } from '../state/moments.ts';
import './drift-grid.ts';
import type { GridRow, Marker } from './drift-grid.ts';
import { ConsoleElement, shared } from './shared.ts';

export class DriftCompare extends ConsoleElement {
  static override styles: CSSResultGroup = [shared, sheet()];

  #markedFor: Comparison | undefined;
  #marker: Marker = () => ({ mark: '' });
  #rows: readonly GridRow[] = [];

  override render(): TemplateResult {
    const { comparison, commits, commitIndex, moment, outcome } = this.state;
    if (moment === null) {
      return html`<p class="empty">
        You are at now. Drag the time line to an earlier moment: rows and cells that differ between then and now will be
        marked here.
      </p>`;
    }
    if (comparison === undefined || outcome?.result === undefined)
      return html`<p class="empty">Run a query to compare it between two moments.</p>`;
    if ('message' in comparison) return html`<p class="empty error">${comparison.message}</p>`;
    this.#prepare(comparison);
    const { counts } = comparison;
    // Every compared column is shown under the type it has now.
    const known = new Map(outcome.result.fields.map((field) => [field.name, field]));
    const fields = comparison.columns.map((name): Field => known.get(name) ?? { name, dataTypeID: 25 });
    return html`
      <div class="legend">
        <span>${momentOf(commits, commitIndex)} and now</span>
        <span class="chip changed">${counts.changed} changed</span>
        <span class="chip added">${counts.added} added</span>
        <span class="chip removed">${counts.removed} removed</span>
        <span class="muted">${counts.same} the same</span>
      </div>
      <drift-grid .fields=${fields} .rows=${this.#rows} .marker=${this.#marker}></drift-grid>
    `;
  }

  /** What differs comes first: sorted once for each comparison. */
  #prepare(comparison: Comparison): void {
    if (comparison === this.#markedFor) return;
    this.#markedFor = comparison;
    ({ rows: this.#rows, marker: this.#marker } = markerOf(comparison));
  }
}

/** The rows with what differs first, and how their cells are marked. */
export function markerOf(comparison: Comparison): { readonly rows: readonly GridRow[]; readonly marker: Marker } {
  const order = { changed: 0, added: 1, removed: 2, same: 3 };
  const rows = comparison.rows.toSorted((a, b) => order[a.state] - order[b.state]);
  const marker: Marker = (index, column) => {
    const row = rows[index];
    if (row === undefined) return { mark: '' };
    if (column < 0) return { mark: row.state === 'changed' ? '' : row.state };
    const before = row.before?.[column] ?? null;
    if (row.state !== 'changed' || before === (row.cells[column] ?? null)) return { mark: '' };
    return { mark: 'changed', before };
  };
  return { rows: rows.map((row) => row.cells), marker };
}

function sheet(): CSSResultGroup {
  return css`
    :host {
      display: grid;
      grid-template-rows: auto minmax(0, 1fr);
      height: 100%;
    }
    .legend {
      display: flex;
      flex-wrap: wrap;
      gap: 8px 12px;
      align-items: center;
      padding: 8px 16px;
      font-size: 13px;
    }
    .chip {
      padding: 0 8px;
      border-radius: 4px;
      line-height: 24px;
    }
    .changed {
      background: var(--changed);
    }
    .added {
      background: var(--added);
    }
    .removed {
      background: var(--removed);
    }
  `;
}

customElements.define('drift-compare', DriftCompare);
