/**
 * The first page's proof: a database in memory with fifty years of the world, one statement, and a slider that moves
 * it through time. Nothing is drawn beforehand: each step is answered by the engine in its worker. It plays once by
 * itself, unless the reader takes over or prefers less motion.
 */
import type { CSSResultGroup, PropertyDeclarations, TemplateResult } from 'lit';
import { css, html, LitElement } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { replay } from '../data/step.ts';
import { WORLD } from '../data/world.ts';
import type { Database } from '../database.ts';
import { queryText } from '../database.ts';
import { openInMemory } from '../open-database.ts';
import { properties, shared } from './shared.ts';

const COUNTRIES = ['Japan', 'Norway', 'United States', 'Brazil', 'China', 'India', 'South Africa', 'Rwanda'];
const STEP_MS = 700;
const ROW = 28;
/** Life expectancies lie between these; bars begin at the first. */
const [SHORT, LONG] = [20, 86];

interface Bar {
  readonly country: string;
  readonly years: number;
}

export class DriftHero extends LitElement {
  static override properties: PropertyDeclarations = {
    index: { state: true },
    years: { state: true },
    bars: { state: true },
    ms: { state: true },
  };
  static override styles: CSSResultGroup = [shared, sheet()];

  declare index: number;
  /** The years that have a commit; none until the database is there. */
  declare years: readonly number[];
  declare bars: readonly Bar[];
  declare ms: number;
  #database: Database | undefined;
  #timer = 0;
  #reading = false;

  constructor() {
    super();
    this.index = 0;
    this.years = [];
    this.bars = [];
    this.ms = 0;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    // A page without its engine keeps its words: the reader meets the error when choosing data.
    void this.#begin().catch(() => undefined);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
    void this.#database?.close();
    this.#database = undefined;
  }

  override render(): TemplateResult {
    const last = Math.max(1, this.years.length - 1);
    const year = this.years[this.index] ?? 1955;
    return html`<figure class=${this.years.length === 0 ? '' : 'ready'}>
      <pre><b>SELECT</b> country, life_expectancy <b>FROM</b> countries
<b>FOR SYSTEM_TIME AS OF</b> <mark>'${year}-06-01'</mark></pre>
      <div class="bars" ${properties({ height: `${COUNTRIES.length * ROW}px` })}>
        ${repeat(
          [...this.bars].sort((a, b) => COUNTRIES.indexOf(a.country) - COUNTRIES.indexOf(b.country)),
          (bar) => bar.country,
          (bar) => this.#bar(bar),
        )}
      </div>
      <input
        type="range"
        min="0"
        max=${last}
        .value=${String(this.index)}
        aria-label="Year"
        aria-valuetext=${year}
        ?disabled=${this.years.length === 0}
        ${properties({ '--share': `${(100 * this.index) / last}%` })}
        @input=${this.#slide}
      />
      <figcaption>
        <span class="year">${year}</span>
        <span class="muted">${this.ms === 0 ? 'starting' : `answered in ${this.ms.toFixed(1)} ms`}, in this page</span>
      </figcaption>
    </figure>`;
  }

  #bar({ country, years }: Bar): TemplateResult {
    const rank = this.bars.findIndex((bar) => bar.country === country);
    const share = Math.max(0.02, (years - SHORT) / (LONG - SHORT));
    return html`<div class="row" ${properties({ transform: `translateY(${rank * ROW}px)` })}>
      <span class="name">${country}</span>
      <span class="track"><span ${properties({ transform: `scaleX(${share})` })}></span></span>
      <span class="value">${years.toFixed(1)}</span>
    </div>`;
  }

  async #begin(): Promise<void> {
    const steps = await WORLD.steps();
    const database = await openInMemory();
    if (!this.isConnected) return database.close();
    this.#database = database;
    await replay(database, steps, () => undefined);
    this.years = steps.map((step) => new Date(step.at).getUTCFullYear());
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
    this.index = still ? this.years.length - 1 : 0;
    await this.#read();
    if (!still) this.#timer = window.setTimeout(() => this.#play(), STEP_MS * 2);
  }

  #play(): void {
    if (this.index >= this.years.length - 1) return;
    this.index++;
    void this.#read();
    this.#timer = window.setTimeout(() => this.#play(), STEP_MS);
  }

  #slide(event: Event): void {
    clearTimeout(this.#timer);
    this.index = Number((event.target as HTMLInputElement).value);
    void this.#read();
  }

  /** Reads the year that is shown, and again while it has moved on meanwhile. */
  async #read(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    try {
      for (let read = -1; read !== this.index && this.#database !== undefined;) {
        read = this.index;
        const started = performance.now();
        const { rows } = await queryText(
          this.#database,
          `SELECT country, life_expectancy FROM countries FOR SYSTEM_TIME AS OF '${this.years[read]}-06-01'
WHERE country = ANY ($1) ORDER BY life_expectancy DESC`,
          [`{${COUNTRIES.map((country) => `"${country}"`).join(',')}}`],
        );
        this.ms = performance.now() - started;
        this.bars = rows.map(([country, years]) => ({ country: country ?? '', years: Number(years) }));
      }
    } finally {
      this.#reading = false;
    }
  }
}

function sheet(): CSSResultGroup {
  return css`
    figure {
      margin: 0;
      padding: 20px 24px 16px;
      border: 1px solid var(--line);
      border-radius: 12px;
      background: var(--surface);
      box-shadow: 0 12px 40px -20px rgb(0 0 0 / 0.3);
    }
    pre {
      margin: 0 0 16px;
      font: 13px/1.6 var(--mono);
      white-space: pre-wrap;
    }
    b {
      color: var(--syntax-keyword);
      font-weight: 600;
    }
    mark {
      padding: 1px 4px;
      border-radius: 4px;
      background: color-mix(in srgb, var(--past) 16%, transparent);
      color: var(--past);
      font-weight: 600;
    }
    .bars {
      position: relative;
    }
    .row {
      position: absolute;
      inset: 0 0 auto;
      display: grid;
      grid-template-columns: 104px minmax(0, 1fr) 36px;
      gap: 12px;
      align-items: center;
      height: 28px;
      font-size: 13px;
      transition: transform 500ms cubic-bezier(0.3, 0.7, 0.2, 1);
    }
    .name {
      white-space: nowrap;
    }
    .track {
      height: 12px;
    }
    .track span {
      display: block;
      height: 100%;
      border-radius: 2px;
      background: var(--now);
      transform-origin: left;
      transition: transform 500ms cubic-bezier(0.3, 0.7, 0.2, 1);
    }
    .value {
      text-align: right;
      font-variant-numeric: tabular-nums;
      color: var(--ink-2);
    }
    input {
      appearance: none;
      width: 100%;
      height: 32px;
      margin: 12px 0 0;
      background: none;
      cursor: ew-resize;
    }
    input::-webkit-slider-runnable-track {
      height: 4px;
      border-radius: 2px;
      background: linear-gradient(to right, var(--past) var(--share), var(--line) var(--share));
    }
    input::-moz-range-track {
      height: 4px;
      border-radius: 2px;
      background: linear-gradient(to right, var(--past) var(--share), var(--line) var(--share));
    }
    input::-webkit-slider-thumb {
      appearance: none;
      width: 20px;
      height: 20px;
      margin-top: -8px;
      border: 3px solid var(--surface);
      border-radius: 50%;
      background: var(--past);
      box-shadow: 0 0 0 1px var(--line-strong);
    }
    input::-moz-range-thumb {
      width: 14px;
      height: 14px;
      border: 3px solid var(--surface);
      border-radius: 50%;
      background: var(--past);
      box-shadow: 0 0 0 1px var(--line-strong);
    }
    figcaption {
      display: flex;
      align-items: baseline;
      justify-content: space-between;
      font-size: 12px;
    }
    .year {
      font-size: 24px;
      font-weight: 650;
      letter-spacing: -0.02em;
      color: var(--past);
      font-variant-numeric: tabular-nums;
    }
    @media (prefers-reduced-motion: reduce) {
      .row,
      .track span {
        transition: none;
      }
    }
  `;
}

customElements.define('drift-hero', DriftHero);
