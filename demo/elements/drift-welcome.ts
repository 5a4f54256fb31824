/** The first page: what this is in one sentence, the databases to choose from, and progress while one is replayed. */
import type { CSSResultGroup, TemplateResult } from 'lit';
import { css, html } from 'lit';
import { DATA_SETS, OWN } from '../data/datasets.ts';
import type { DataSet } from '../data/step.ts';
import { ConsoleElement, properties, shared } from './shared.ts';

export class DriftWelcome extends ConsoleElement {
  static override styles: CSSResultGroup = [shared, sheet()];

  override render(): TemplateResult {
    const { loading, failure } = this.state;
    return html`
      <main>
        <h1>A database that remembers everything</h1>
        <p class="lead">
          DriftDB is a SQL database in this page. Every commit stays: drag the time line, and tables, counts and results
          are what they were at that moment. Choose data to begin with. It stays in this browser.
        </p>
        ${failure === undefined ? '' : html`<p class="error" role="alert">${failure}</p>`}
        ${loading === undefined ? this.#choices() : this.#progress(loading.title, loading.done, loading.total, loading.message)}
      </main>
    `;
  }

  #choices(): TemplateResult {
    return html`<ul>
      ${[...DATA_SETS, OWN].map(
        (dataSet) =>
          html`<li>
            <button @click=${() => this.#choose(dataSet)}>
              <span class="title">${dataSet.title}</span>
              <span class="summary">${dataSet.summary}</span>
              <span class="source">${dataSet.source}</span>
            </button>
          </li>`,
      )}
    </ul>`;
  }

  #progress(title: string, done: number, total: number, message: string): TemplateResult {
    const share = total === 0 ? 0 : (100 * done) / total;
    return html`<div class="progress">
      <h2>${title}</h2>
      <div
        class="track"
        role="progressbar"
        aria-label="Loading"
        aria-valuenow=${Math.round(share)}
        aria-valuemin="0"
        aria-valuemax="100"
      >
        <span ${properties({ width: `${share}%` })}></span>
      </div>
      <p class="muted">
        ${total === 0 ? message : html`Commit ${done.toLocaleString('en')} of ${total.toLocaleString('en')}<br />${message}`}
      </p>
    </div>`;
  }

  #choose(dataSet: DataSet): void {
    this.dispatchEvent(new CustomEvent('choose', { detail: dataSet, bubbles: true, composed: true }));
  }
}

function sheet(): CSSResultGroup {
  return css`
    :host {
      overflow: auto;
    }
    main {
      max-width: 880px;
      margin: 0 auto;
      padding: 56px 24px;
    }
    h1 {
      margin: 0;
      max-width: 18ch;
      font-size: 44px;
      line-height: 48px;
      letter-spacing: -0.03em;
      text-wrap: balance;
    }
    .lead {
      max-width: 60ch;
      margin: 16px 0 32px;
      font-size: 16px;
      color: var(--ink-2);
    }
    ul {
      list-style: none;
      margin: 0;
      padding: 0;
      border-top: 1px solid var(--line);
    }
    li {
      border-bottom: 1px solid var(--line);
    }
    li button {
      display: grid;
      grid-template-columns: 224px minmax(0, 1fr) 176px;
      gap: 0 24px;
      align-items: baseline;
      justify-content: stretch;
      width: 100%;
      padding: 16px 8px;
      border: 0;
      border-radius: 0;
      background: none;
      text-align: left;
      white-space: normal;
    }
    li button:hover {
      background: var(--surface);
    }
    .title {
      font-weight: 650;
      font-size: 15px;
    }
    li button:hover .title {
      color: var(--accent);
    }
    .source {
      font-size: 12px;
      color: var(--ink-2);
    }
    .track {
      height: 8px;
      border-radius: 4px;
      background: var(--raised);
      overflow: hidden;
    }
    .track span {
      display: block;
      height: 100%;
      background: var(--accent);
    }
    .progress {
      max-width: 480px;
    }
    @media (max-width: 720px) {
      main {
        padding: 24px 16px;
      }
      h1 {
        font-size: 32px;
        line-height: 36px;
      }
      li button {
        grid-template-columns: minmax(0, 1fr);
      }
    }
  `;
}

customElements.define('drift-welcome', DriftWelcome);
