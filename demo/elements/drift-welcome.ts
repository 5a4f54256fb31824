/** The first page: what this is, shown at once; the databases to choose from; and progress while one is replayed. */
import type { CSSResultGroup, TemplateResult } from 'lit';
import { css, html } from 'lit';
import { DATA_SETS, OWN } from '../data/datasets.ts';
import type { DataSet } from '../data/step.ts';
import type { Loading } from '../state/shown.ts';
import { dayOf } from '../state/moments.ts';
import './drift-hero.ts';
import { ConsoleElement, properties, shared } from './shared.ts';

export class DriftWelcome extends ConsoleElement {
  static override styles: CSSResultGroup = [shared, sheet()];

  override render(): TemplateResult {
    const { loading, failure, damaged } = this.state;
    if (loading !== undefined) return this.#progress(loading);
    return html`
      <main>
        <section class="intro">
          <div>
            <h1>A database that remembers everything</h1>
            <p class="lead">
              DriftDB is a SQL database in this page. Every commit stays: drag the time line, and tables, counts and
              results are what they were at that moment. Nothing leaves your browser.
            </p>
          </div>
          <drift-hero></drift-hero>
        </section>
        ${failure === undefined ? '' : html`<p class="error" role="alert">${failure} ${damaged === undefined ? '' : html`<button class="repair" @click=${() => this.#tell('repair')}>Repair ${damaged.dataSet.title}</button>`}</p>`}
        <h2>Choose data to begin with</h2>
        <ul>
          ${[...DATA_SETS, OWN].map((dataSet) => this.#choice(dataSet))}
          <li>
            <button @click=${() => this.#tell('sealed')}>
              <span class="title">Encrypted database</span>
              <span class="summary">Everything in it is sealed with a passphrase of yours.</span>
              <span class="source">Yours</span>
            </button>
          </li>
        </ul>
      </main>
    `;
  }

  #choice(dataSet: DataSet): TemplateResult {
    return html`<li>
      <button @click=${() => this.#choose(dataSet)}>
        <span class="title">${dataSet.title}</span>
        <span class="summary">${dataSet.summary}</span>
        <span class="source">${dataSet.source}</span>
      </button>
    </li>`;
  }

  #progress({ title, done, total, message, at }: Loading): TemplateResult {
    const share = total === 0 ? 0 : (100 * done) / total;
    // A database that is there opens at once: only a wait is worth a word.
    if (total === 0) return html`<main class="loading opening"><p class="muted">${message} ${title}…</p></main>`;
    return html`<main class="loading">
      <p class="muted">Replaying ${title}</p>
      <p class="date">${at === undefined ? '' : dayOf(at)}</p>
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
      <p class="muted">Commit ${done.toLocaleString('en')} of ${total.toLocaleString('en')}: ${message}</p>
    </main>`;
  }

  #tell(event: 'sealed' | 'repair'): void {
    this.dispatchEvent(new CustomEvent(event, { bubbles: true, composed: true }));
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
      max-width: 1040px;
      margin: 0 auto;
      padding: 40px 24px 56px;
    }
    .intro {
      display: grid;
      grid-template-columns: minmax(0, 1fr) minmax(0, 440px);
      gap: 56px;
      align-items: center;
    }
    h1 {
      margin: 0;
      max-width: 14ch;
      font-size: 46px;
      line-height: 1.06;
      letter-spacing: -0.035em;
      text-wrap: balance;
    }
    .lead {
      max-width: 44ch;
      margin: 20px 0 0;
      font-size: 16px;
      line-height: 1.6;
      color: var(--ink-2);
      text-wrap: pretty;
    }
    h2 {
      margin: 40px 0 8px;
      font-size: 13px;
      font-weight: 600;
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
      grid-template-columns: 272px minmax(0, 1fr) 224px;
      gap: 0 24px;
      align-items: baseline;
      justify-content: stretch;
      width: 100%;
      padding: 14px 8px;
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
    .loading {
      max-width: 528px;
      padding-top: 22vh;
    }
    .loading p {
      margin: 8px 0;
    }
    .loading .date {
      margin: 0 0 16px;
      font-size: 44px;
      line-height: 1.1;
      font-weight: 650;
      letter-spacing: -0.03em;
      font-variant-numeric: tabular-nums;
      color: var(--past);
    }
    .opening {
      animation: appear 200ms 400ms both;
    }
    @keyframes appear {
      from {
        opacity: 0;
      }
    }
    .track {
      height: 6px;
      border-radius: 3px;
      background: var(--raised);
      overflow: hidden;
    }
    .track span {
      display: block;
      height: 100%;
      background: var(--past);
    }
    @media (max-width: 860px) {
      main {
        padding: 24px 16px 40px;
      }
      .intro {
        grid-template-columns: minmax(0, 1fr);
        gap: 24px;
      }
      h1 {
        font-size: 36px;
        max-width: none;
      }
      .lead {
        margin-top: 12px;
      }
      li button {
        grid-template-columns: minmax(0, 1fr);
      }
    }
  `;
}

customElements.define('drift-welcome', DriftWelcome);
