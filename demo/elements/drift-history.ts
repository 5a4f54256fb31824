/** The statements that were run on this database, newest first; a click brings one back into the editor. */
import type { CSSResultGroup, TemplateResult } from 'lit';
import { css, html } from 'lit';
import { ConsoleElement, shared } from './shared.ts';

const WHEN = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });

export class DriftHistory extends ConsoleElement {
  static override styles: CSSResultGroup = [shared, sheet()];

  override render(): TemplateResult {
    const { history } = this.state;
    if (history.length === 0) return html`<p class="empty">Statements that you run are kept here.</p>`;
    return html`<ul>
      ${history.map(
        (entry) =>
          html`<li>
            <button class="quiet" @click=${() => this.#choose(entry.sql)}><code>${entry.sql}</code></button>
            <time class="muted">${WHEN.format(entry.at)}</time>
          </li>`,
      )}
    </ul>`;
  }

  #choose(sql: string): void {
    this.dispatchEvent(new CustomEvent('statement', { detail: sql, bubbles: true, composed: true }));
  }
}

function sheet(): CSSResultGroup {
  return css`
    :host {
      height: 100%;
      overflow: auto;
    }
    ul {
      list-style: none;
      margin: 0;
      padding: 0;
    }
    li {
      display: grid;
      grid-template-columns: minmax(0, 1fr) auto;
      gap: 16px;
      align-items: center;
      padding: 4px 16px 4px 8px;
      border-bottom: 1px solid var(--line);
    }
    button {
      justify-content: flex-start;
      padding: 4px 8px;
      overflow: hidden;
    }
    code {
      display: -webkit-box;
      -webkit-box-orient: vertical;
      -webkit-line-clamp: 3;
      overflow: hidden;
      font: 13px/1.5 var(--mono);
      text-align: left;
      white-space: pre-wrap;
    }
    time {
      font-size: 12px;
    }
  `;
}

customElements.define('drift-history', DriftHistory);
