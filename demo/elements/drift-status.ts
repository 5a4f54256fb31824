/** The status line: rows and time of the result, the moment, durability, and how much this browser stores. */
import type { CSSResultGroup, PropertyDeclarations, TemplateResult } from 'lit';
import { css, html } from 'lit';
import { MAIN } from '../state/lines.ts';
import { bytes, momentOf } from '../state/moments.ts';
import { ConsoleElement, shared } from './shared.ts';

const EVERY_MS = 4000;

export class DriftStatus extends ConsoleElement {
  static override properties: PropertyDeclarations = { used: { state: true }, kept: { state: true } };
  static override styles: CSSResultGroup = [shared, sheet()];

  declare used: number;
  /** The browser has promised not to clear it. */
  declare kept: boolean;
  #timer = 0;

  constructor() {
    super();
    this.used = 0;
    this.kept = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#timer = window.setInterval(() => void this.#measure(), EVERY_MS);
    void this.#measure();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
  }

  override render(): TemplateResult {
    const { busy, commits, commitIndex, moment, durability, branch } = this.state;
    const line = branch === MAIN ? '' : `${branch}: `;
    return html`
      <span role="status">${busy ? 'Running…' : this.#said()}</span>
      ${this.state.inTransaction ? html`<span class="open">transaction open: COMMIT or ROLLBACK ends it</span>` : ''}
      <span class="moment"
        >${line}${moment === null ? 'reading now' : `as of ${momentOf(commits, commitIndex)}, #${moment}, read-only`}</span
      >
      <span class="gap"></span>
      ${moment === null ? '' : html`<code class="muted wide" title="The same moment in a statement of your own">FOR SYSTEM_TIME AS OF SEQ ${moment}</code>`}
      <span class="muted wide">${commits.seq.length.toLocaleString('en')} commits</span>
      <span class="muted wide" title="When a commit is acknowledged: full, after the flush; relaxed, after the write"
        >durability ${durability}</span
      >
      <span
        class="muted"
        title=${this.kept ? 'Used by this site; the browser keeps it until you delete it' : 'Used by this site; the browser may clear it when space gets short'}
        >${bytes(this.used)} ${this.kept ? 'kept' : 'stored'}</span
      >
    `;
  }

  #said(): string {
    const { outcome } = this.state;
    if (outcome === undefined) return 'Ready';
    const time = `${outcome.ms < 10 ? outcome.ms.toFixed(1) : Math.round(outcome.ms)} ms`;
    if (outcome.error !== undefined) return `Error ${outcome.error.code}`;
    const { fields, rows, affectedRows, command } = outcome.result ?? {};
    if ((fields?.length ?? 0) > 0)
      return `${(rows?.length ?? 0).toLocaleString('en')} ${rows?.length === 1 ? 'row' : 'rows'} in ${time}`;
    return `${command ?? 'Done'}${affectedRows == null ? '' : ` ${affectedRows}`} in ${time}`;
  }

  async #measure(): Promise<void> {
    this.used = (await navigator.storage.estimate()).usage ?? 0;
    this.kept = await navigator.storage.persisted();
  }
}

function sheet(): CSSResultGroup {
  return css`
    :host {
      display: flex;
      gap: 24px;
      align-items: center;
      min-height: 32px;
      padding: 0 16px;
      border-top: 1px solid var(--line);
      background: var(--surface);
      font-size: 12px;
      font-variant-numeric: tabular-nums;
      white-space: nowrap;
      overflow: hidden;
    }
    .open {
      color: var(--past);
      font-weight: 600;
    }
    .moment {
      color: var(--accent);
      font-weight: 600;
      min-width: 0;
      overflow: hidden;
      text-overflow: ellipsis;
    }
    .gap {
      flex: 1;
    }
    code {
      font: 12px var(--mono);
    }
    @media (max-width: 720px) {
      :host {
        gap: 12px;
        padding: 0 8px;
      }
      .wide {
        display: none;
      }
    }
  `;
}

customElements.define('drift-status', DriftStatus);
