/** A failed statement: what is wrong, the line it is in with the place marked, and what the engine adds to it. */
import type { CSSResultGroup, TemplateResult } from 'lit';
import { css, html } from 'lit';
import type { QueryError } from '../database.ts';
import { ConsoleElement, shared } from './shared.ts';

export class DriftProblem extends ConsoleElement {
  static override styles: CSSResultGroup = [shared, sheet()];

  override render(): TemplateResult {
    const { outcome, moment } = this.state;
    const error = outcome?.error;
    if (outcome === undefined || error === undefined) return html``;
    return html`<div class="problem" role="alert">
        <strong>${error.message}</strong>
        <code class="state" title="SQLSTATE">${error.code}</code>
      </div>
      ${excerpt(outcome.sql, error)} ${error.detail === '' ? '' : html`<p>${error.detail}</p>`}
      ${error.hint === '' ? '' : html`<p>Hint: ${error.hint}</p>`}
      ${error.code === '42P01' && moment !== null ? html`<p class="muted">The tables of this moment are listed beside; others came later or were gone.</p>` : ''}`;
  }
}

/** The line of the error with the word it points at marked; nothing where the error has no place. */
function excerpt(sql: string, { position }: QueryError): TemplateResult | string {
  if (position < 1 || position > sql.length + 1) return '';
  const start = sql.lastIndexOf('\n', position - 2) + 1;
  const end = sql.indexOf('\n', position - 1);
  const line = sql.slice(start, end < 0 ? sql.length : end);
  const at = position - 1 - start;
  const word = /^[\w$."]+|^./u.exec(line.slice(at))?.[0] ?? ' ';
  const number = sql.slice(0, start).split('\n').length;
  return html`<pre><span class="number">${number}</span>${line.slice(0, at)}<mark>${word}</mark>${line.slice(at + word.length)}</pre>`;
}

function sheet(): CSSResultGroup {
  return css`
    :host {
      height: 100%;
      overflow: auto;
      padding: 16px;
    }
    .problem {
      display: flex;
      gap: 16px;
      align-items: baseline;
      justify-content: space-between;
      max-width: 880px;
      padding: 10px 14px;
      border-left: 3px solid var(--error);
      border-radius: 0 var(--radius) var(--radius) 0;
      background: var(--removed);
      font-size: 14px;
      overflow-wrap: anywhere;
    }
    .state {
      white-space: nowrap;
      font: 12px var(--mono);
    }
    pre {
      max-width: 880px;
      margin: 12px 0;
      padding: 12px 14px;
      border: 1px solid var(--line);
      border-radius: var(--radius);
      background: var(--surface);
      font: 14px/1.6 var(--mono);
      overflow-x: auto;
    }
    .number {
      margin-right: 16px;
      color: var(--ink-2);
      user-select: none;
    }
    mark {
      background: none;
      color: var(--error);
      font-weight: 600;
      text-decoration: underline wavy var(--error);
      text-underline-offset: 4px;
    }
    p {
      max-width: 80ch;
      margin: 8px 0;
      font-size: 13px;
    }
  `;
}

customElements.define('drift-problem', DriftProblem);
