/**
 * A result over time: the statement's value at up to 60 moments, a line for each label. A click on the chart moves the
 * console there, and the rule shows where it stands.
 */
import type { CSSResultGroup, PropertyDeclarations, SVGTemplateResult, TemplateResult } from 'lit';
import { css, html, svg } from 'lit';
import { dayOf, indexOfSeq, shortNumber } from '../state/moments.ts';
import { timeTicks } from '../state/time-axis.ts';
import type { Trend } from '../state/trend.ts';
import { linePath, nearest, niceScale, place } from './plot.ts';
import { ConsoleElement, shared } from './shared.ts';

const LEFT = 56;
const RIGHT = 16;
const TOP = 12;
const BOTTOM = 24;

export class DriftTrend extends ConsoleElement {
  static override properties: PropertyDeclarations = {
    size: { state: true },
    legend: { state: true },
    hover: { state: true },
  };
  static override styles: CSSResultGroup = [shared, sheet()];

  declare size: readonly [width: number, height: number];
  /** Height of the legend, which wraps: what is left is the chart's. */
  declare legend: number;
  /** Index of the sample under the pointer, -1 for none. */
  declare hover: number;
  readonly #observer = new ResizeObserver(([entry]) => {
    if (entry !== undefined) this.size = [Math.floor(entry.contentRect.width), Math.floor(entry.contentRect.height)];
  });

  constructor() {
    super();
    this.size = [600, 300];
    this.legend = 44;
    this.hover = -1;
  }

  override updated(): void {
    const legend = this.renderRoot.querySelector<HTMLElement>('.legend');
    if (legend !== null) this.legend = legend.offsetHeight;
  }

  override firstUpdated(): void {
    this.#observer.observe(this);
  }

  override render(): TemplateResult {
    const { trend, outcome } = this.state;
    if (outcome === undefined)
      return html`<p class="empty">
        Run a query that gives a number, or a number for each label: its course over all commits is drawn here.
      </p>`;
    if (trend === undefined) return html`<p class="empty">Reading the past…</p>`;
    if ('message' in trend) return html`<p class="empty error">${trend.message}</p>`;
    if (trend.series.length === 0)
      return html`<p class="empty">No column of this result is a number, so there is no line to draw.</p>`;
    const shown = this.hover >= 0 ? this.hover : this.#standing(trend);
    return html`
      <ul class="legend">
        ${trend.series.map(
          (series, index) =>
            html`<li><i class="s${index + 1}"></i>${series.name} <b>${number(series.values[shown])}</b></li>`,
        )}
        <li class="muted">${dayOf(trend.at[shown] ?? 0)}</li>
      </ul>
      ${this.#chart(trend)}
    `;
  }

  #chart(trend: Trend): TemplateResult {
    const width = Math.max(200, this.size[0] - 16);
    const height = Math.max(140, this.size[1] - this.legend - 8);
    const scale = niceScale(
      trend.series.flatMap((series) => series.values),
      Math.max(2, Math.floor(height / 48)),
      false,
    );
    const x = (at: number): number => place(at, trend.at[0] ?? 0, trend.at.at(-1) ?? 1, LEFT, width - RIGHT);
    const y = (value: number): number => place(value, scale.from, scale.to, height - BOTTOM, TOP);
    const xs = trend.at.map(x);
    const now = this.state.commits.at[this.state.commitIndex] ?? trend.at[0] ?? 0;
    const lines = trend.series.map(
      (series, index): SVGTemplateResult =>
        svg`<path class=${`line s${index + 1}`} d=${linePath(xs, series.values.map(y), false)} />`,
    );
    return html`<svg
      width=${width}
      height=${height}
      role="img"
      aria-label=${`${trend.series.map((series) => series.name).join(', ')} over time`}
      @pointermove=${(event: PointerEvent) => this.#point(event, xs)}
      @pointerleave=${() => (this.hover = -1)}
      @click=${(event: PointerEvent) => this.#travel(event, xs, trend)}
    >
      ${scale.ticks.map((tick) => svg`<line class="grid" x1=${LEFT} x2=${width - RIGHT} y1=${y(tick)} y2=${y(tick)} /><text x=${LEFT - 8} y=${y(tick) + 4} text-anchor="end">${shortNumber(tick)}</text>`)}
      ${timeTicks(trend.at[0] ?? 0, trend.at.at(-1) ?? 0, Math.max(2, Math.floor(width / 88))).map((tick) => svg`<text x=${x(tick.at)} y=${height - 4} text-anchor="middle">${tick.label}</text>`)}
      ${lines}
      <line class="rule" x1=${x(now)} x2=${x(now)} y1=${TOP} y2=${height - BOTTOM} />
      ${this.hover < 0 ? '' : trend.series.map((series, index) => dot(xs[this.hover] ?? 0, y(series.values[this.hover] ?? NaN), index + 1))}
    </svg>`;
  }

  #standing(trend: Trend): number {
    const seq = this.state.commits.seq[this.state.commitIndex] ?? 0;
    return Math.max(
      0,
      trend.seq.findLastIndex((sample) => sample <= seq),
    );
  }

  #point(event: PointerEvent, xs: readonly number[]): void {
    this.hover = nearest(event, xs);
  }

  #travel(event: PointerEvent, xs: readonly number[], trend: Trend): void {
    const seq = trend.seq[nearest(event, xs)] ?? 0;
    this.state.travel(indexOfSeq(this.state.commits, seq));
  }
}

function dot(x: number, y: number, series: number): SVGTemplateResult {
  return Number.isNaN(y) ? svg`` : svg`<circle class=${`s${series}`} cx=${x} cy=${y} r="4" />`;
}

function number(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? '–' : value.toLocaleString('en', { maximumFractionDigits: 2 });
}

function sheet(): CSSResultGroup {
  return css`
    :host {
      height: 100%;
      padding: 8px;
      overflow: hidden;
    }
    .legend {
      display: flex;
      flex-wrap: wrap;
      gap: 0 16px;
      margin: 0;
      padding: 0 8px;
      padding-bottom: 8px;
      list-style: none;
      font-size: 13px;
    }
    i {
      display: inline-block;
      width: 12px;
      height: 3px;
      margin-right: 6px;
      vertical-align: middle;
      background: var(--color);
    }
    b {
      font-variant-numeric: tabular-nums;
    }
    svg {
      display: block;
      cursor: pointer;
    }
    .line {
      fill: none;
      stroke: var(--color);
      stroke-width: 2;
      stroke-linejoin: round;
    }
    circle {
      fill: var(--color);
    }
    .grid {
      stroke: var(--line);
      shape-rendering: crispEdges;
    }
    .rule {
      stroke: var(--ink);
      stroke-dasharray: 2 3;
    }
    text {
      font: 11px var(--sans);
      fill: var(--ink-2);
      font-variant-numeric: tabular-nums;
    }
    .s1 {
      --color: var(--series-1);
    }
    .s2 {
      --color: var(--series-2);
    }
    .s3 {
      --color: var(--series-3);
    }
    .s4 {
      --color: var(--series-4);
    }
    .s5 {
      --color: var(--series-5);
    }
    .s6 {
      --color: var(--series-6);
    }
  `;
}

customElements.define('drift-trend', DriftTrend);
