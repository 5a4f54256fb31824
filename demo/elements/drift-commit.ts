/** The commit that the console stands at: what it changed, and a button that takes it back. */
import type { CSSResultGroup, PropertyDeclarations, TemplateResult } from 'lit';
import { css, html } from 'lit';
import { changesOf, type Manner, undoCommit, type Undone } from '../state/undo-commit.ts';
import { ConsoleElement, shared } from './shared.ts';

export class DriftCommit extends ConsoleElement {
  static override properties: PropertyDeclarations = {
    changes: { state: true },
    undone: { state: true },
    undoing: { state: true },
  };
  static override styles: CSSResultGroup = [shared, sheet()];

  declare changes: string | undefined;
  declare undone: Undone | undefined;
  declare undoing: boolean;
  #seq: number | undefined;
  #reading: AbortController | undefined;

  override render(): TemplateResult {
    const { commits, commitIndex } = this.state;
    const seq = commits.seq[commitIndex];
    if (seq === undefined) return html``;
    return html`
      <div class="what">
        <b>#${seq}</b> ${commits.message[commitIndex] || html`<span class="muted">no message</span>`}
        <span class="muted changes">${this.changes === '' ? 'changed no rows' : (this.changes ?? '')}</span>
      </div>
      <div class="answer" role="status">${this.#answer(seq)}</div>
    `;
  }

  #answer(seq: number): TemplateResult {
    if (this.state.inTransaction) return html`<span class="muted">A transaction is open</span>`;
    switch (this.undone?.kind) {
      case 'undone':
        return html`<span>Undone: ${this.undone.rows} ${this.undone.rows === 1 ? 'row' : 'rows'} put back</span>`;
      case 'failed':
        return html`<span class="error">${this.undone.message}</span>`;
      case 'conflict':
        return html`
          <span>${this.undone.later}</span>
          <button @click=${() => void this.#undo(seq, 'CASCADE')}>Undo those, too</button>
          <button @click=${() => void this.#undo(seq, 'NONCONFLICT_ONLY')}>Leave such rows</button>
          <button class="quiet" @click=${() => (this.undone = undefined)}>Cancel</button>
        `;
      case undefined:
        return html`<button
          ?disabled=${this.undoing || this.changes === undefined || this.changes === ''}
          @click=${() => void this.#undo(seq, 'NOCASCADE')}
        >
          Undo this commit
        </button>`;
    }
  }

  async #undo(seq: number, manner: Manner): Promise<void> {
    const { database } = this.state;
    if (database === undefined) return;
    this.undoing = true;
    const undone = await undoCommit(database, seq, manner);
    this.undoing = false;
    this.undone = undone;
    if (undone.kind !== 'undone') return;
    // The answer stays although the newest commit is another one now.
    await this.state.committed();
    this.#seq = this.state.commits.seq[this.state.commitIndex];
    this.undone = undone;
  }

  override willUpdate(): void {
    const { commits, commitIndex } = this.state;
    const seq = commits.seq[commitIndex];
    if (seq === this.#seq || this.undoing) return;
    this.#seq = seq;
    this.undone = this.changes = undefined;
    if (seq !== undefined) void this.#read(seq);
  }

  async #read(seq: number): Promise<void> {
    const { database } = this.state;
    this.#reading?.abort();
    const reading = (this.#reading = new AbortController());
    if (database === undefined) return;
    try {
      const changes = await changesOf(database, seq, reading.signal);
      if (!reading.signal.aborted) this.changes = changes;
    } catch (error) {
      if (!reading.signal.aborted) this.undone = { kind: 'failed', message: String(error) };
    }
  }
}

function sheet(): CSSResultGroup {
  return css`
    :host {
      display: flex;
      flex-wrap: wrap;
      align-items: center;
      justify-content: space-between;
      gap: 8px 16px;
      padding: 8px 16px;
      border-top: 1px solid var(--line);
      background: var(--raised);
    }
    .what {
      min-width: 0;
      overflow: hidden;
      text-overflow: ellipsis;
    }
    .changes {
      margin-inline-start: 8px;
    }
    .answer {
      display: flex;
      flex-wrap: wrap;
      align-items: center;
      gap: 8px;
    }
  `;
}

customElements.define('drift-commit', DriftCommit);
