/**
 * How far the running statement is: a bar, the rows read of those that are to be read, the time, and a button that ends it.
 * It shows when a statement takes longer than a moment, over the result that is still there; Escape ends the statement too.
 */
import type { CSSResultGroup, PropertyDeclarations, TemplateResult } from 'lit';
import { css, html } from 'lit';
import { ConsoleElement, properties, shared } from './shared.ts';

/** Shorter statements show nothing: a bar that flashes tells nobody anything. */
const PATIENCE_MS = 300;
const EVERY_MS = 100;

export class DriftProgress extends ConsoleElement {
  static override properties: PropertyDeclarations = { shown: { state: true } };
  static override styles: CSSResultGroup = [shared, sheet()];

  declare shown: boolean;
  #timer = 0;

  constructor() {
    super();
    this.shown = false;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
    this.#timer = 0;
  }

  /** Looks at the clock while a statement runs. */
  override willUpdate(): void {
    const { runningSince } = this.state;
    if (runningSince === undefined) {
      clearInterval(this.#timer);
      this.#timer = 0;
      this.shown = false;
      return;
    }
    this.shown = performance.now() - runningSince >= PATIENCE_MS;
    if (this.#timer === 0) this.#timer = window.setInterval(() => this.requestUpdate(), EVERY_MS);
  }

  override render(): TemplateResult | string {
    const { runningSince, progress } = this.state;
    if (!this.shown || runningSince === undefined) return '';
    const { rowsRead = 0, rowsExpected = 0 } = progress ?? {};
    // Tables that are read to their ends say nothing of what comes after.
    const known = rowsRead < rowsExpected;
    const share = known ? rowsRead / rowsExpected : 0;
    const seconds = (performance.now() - runningSince) / 1000;
    const read = rowsRead.toLocaleString('en');
    const all = known ? ` of ${rowsExpected.toLocaleString('en')}` : '';
    const rows = rowsExpected > 0 ? `${read}${all} rows read` : 'Running';
    return html`<div class="card">
      <div
        class=${known ? 'bar' : 'bar unknown'}
        role="progressbar"
        aria-label="Statement"
        aria-valuemin="0"
        aria-valuemax="100"
        aria-valuenow=${known ? String(Math.round(share * 100)) : ''}
        aria-valuetext=${rows}
      >
        <div class="done" ${properties({ '--share': share.toFixed(4) })}></div>
      </div>
      <span class="rows">${rows}</span>
      <span class="muted time">${seconds.toFixed(1)} s</span>
      <button class="cancel" @click=${() => this.state.stop()}>Cancel <kbd>Esc</kbd></button>
    </div>`;
  }
}

function sheet(): CSSResultGroup {
  return css`
    :host {
      position: absolute;
      z-index: 3;
      inset: 48px 0 auto;
      padding: 0 16px;
      pointer-events: none;
    }
    .card {
      display: flex;
      align-items: center;
      gap: 16px;
      max-width: 720px;
      margin: 0 auto;
      padding: 8px 8px 8px 16px;
      border: 1px solid var(--line-strong);
      border-radius: var(--radius);
      background: var(--raised);
      box-shadow: 0 4px 16px rgb(0 0 0 / 18%);
      font-size: 13px;
      font-variant-numeric: tabular-nums;
      pointer-events: auto;
    }
    .bar {
      flex: 1;
      min-width: 64px;
      height: 8px;
      border-radius: 4px;
      background: var(--line);
      overflow: hidden;
    }
    .done {
      height: 100%;
      border-radius: 4px;
      background: var(--accent);
      width: calc(var(--share) * 100%);
      transition: width 100ms linear;
    }
    .unknown .done {
      width: 30%;
      animation: to-and-fro 1.2s ease-in-out infinite alternate;
    }
    @keyframes to-and-fro {
      from {
        margin-left: 0;
      }
      to {
        margin-left: 70%;
      }
    }
    @media (prefers-reduced-motion: reduce) {
      .unknown .done {
        animation: none;
        width: 100%;
        opacity: 0.4;
      }
    }
    .rows,
    .time {
      white-space: nowrap;
    }
    .time {
      min-width: 5ch;
      text-align: right;
    }
    @media (max-width: 720px) {
      :host {
        padding: 0 8px;
      }
      .card {
        display: grid;
        grid-template-columns: 1fr auto;
        gap: 8px;
        padding: 12px;
      }
      .bar {
        grid-column: 1 / -1;
      }
      .cancel {
        grid-column: 1 / -1;
        min-height: 44px;
      }
      kbd {
        display: none;
      }
    }
  `;
}

customElements.define('drift-progress', DriftProgress);
