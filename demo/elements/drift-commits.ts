/** All commits, newest first: what happened, when and by whom. Opening one moves the console to its moment, where it can be undone. */
import type { CSSResultGroup, TemplateResult } from 'lit';
import { css, html } from 'lit';
import type { Commits } from '../catalog.ts';
import type { Field } from '../database.ts';
import { dayOf, indexOfSeq, timeOf } from '../state/moments.ts';
import './drift-commit.ts';
import './drift-grid.ts';
import type { GridRow, Marker } from './drift-grid.ts';
import { ConsoleElement, shared } from './shared.ts';

const [INTEGER, TEXT] = [20, 25];
const FIELDS: readonly Field[] = [
  { name: 'commit', dataTypeID: INTEGER },
  { name: 'committed at', dataTypeID: TEXT },
  { name: 'message', dataTypeID: TEXT },
  { name: 'author', dataTypeID: TEXT },
  { name: 'tables', dataTypeID: TEXT },
];

export class DriftCommits extends ConsoleElement {
  static override styles: CSSResultGroup = [shared, sheet()];

  #rowsFor: Commits | undefined;
  #rows: readonly GridRow[] = [];
  /** The commit the console stands at is marked. */
  readonly #marker: Marker = (row, column) => {
    const seq = Number(this.#rows[row]?.[0]);
    return { mark: column >= 0 && indexOfSeq(this.state.commits, seq) === this.state.commitIndex ? 'here' : '' };
  };

  override render(): TemplateResult {
    const { commits } = this.state;
    if (commits.seq.length === 0) return html`<p class="empty">Every commit will be listed here.</p>`;
    if (commits !== this.#rowsFor) {
      this.#rowsFor = commits;
      this.#rows = rowsOf(commits);
    }
    return html`
      <drift-grid
        .fields=${FIELDS}
        .rows=${this.#rows}
        .marker=${this.#marker}
        .at=${this.state.commitIndex}
        .rowsOpen=${true}
        .openHint=${'Go to this moment'}
        @row-open=${(event: CustomEvent<GridRow>) => this.state.travel(indexOfSeq(commits, Number(event.detail[0])))}
      ></drift-grid>
      <drift-commit .state=${this.state}></drift-commit>
    `;
  }
}

function rowsOf({ seq, at, message, author, tables }: Commits): GridRow[] {
  return seq
    .map((number, index) => [
      String(number),
      `${dayOf(at[index] ?? 0)}, ${timeOf(at[index] ?? 0)}`,
      message[index] || null,
      author[index] || null,
      tables[index] || null,
    ])
    .toReversed();
}

function sheet(): CSSResultGroup {
  return css`
    :host {
      display: flex;
      flex-direction: column;
      height: 100%;
    }
    drift-grid {
      flex: 1;
      min-height: 0;
    }
  `;
}

customElements.define('drift-commits', DriftCommits);
