/** A chart of the result as it stands: a line where the first column is a date, otherwise a bar for each row. */
import type { CSSResultGroup, PropertyDeclarations, SVGTemplateResult, TemplateResult } from 'lit';
import { css, html, svg } from 'lit';
import type { TextResult } from '../database.ts';
import { isNumeric, isTemporal } from '../database.ts';
import { dayOf, shortNumber, timeOf } from '../state/moments.ts';
import { parseMoment, timeTicks } from '../state/time-axis.ts';
import { linePath, nearest, niceScale, place } from './plot.ts';
import { ConsoleElement, shared } from './shared.ts';

const MAX_BARS = 60;
const BAR = 24;
const LEFT = 56;
const RIGHT = 16;
const DAY_MS = 86_400_000;

interface Point {
  readonly at: number;
  readonly value: number;
}

export class DriftChart extends ConsoleElement {
  static override properties: PropertyDeclarations = {
    size: { state: true },
    column: { state: true },
    hover: { state: true },
  };
  static override styles: CSSResultGroup = [shared, sheet()];

  declare size: readonly [width: number, height: number];
  /** Name of the chosen number column; the first one while empty or absent. */
  declare column: string;
  /** Index of the point that is pointed at, -1 for none. */
  declare hover: number;
  readonly #observer = new ResizeObserver(([entry]) => {
    if (entry !== undefined) this.size = [Math.floor(entry.contentRect.width), Math.floor(entry.contentRect.height)];
  });

  constructor() {
    super();
    this.size = [600, 300];
    this.column = '';
    this.hover = -1;
  }

  override firstUpdated(): void {
    this.#observer.observe(this);
  }

  override render(): TemplateResult {
    const result = this.state.outcome?.result;
    const numbers = result?.fields.filter((field) => isNumeric(field)) ?? [];
    if (result === undefined || numbers.length === 0)
      return html`<p class="empty">Run a query with a number among its columns to draw it.</p>`;
    const field = numbers.find(({ name }) => name === this.column) ?? numbers[0];
    const value = field === undefined ? 0 : result.fields.indexOf(field);
    const temporal = result.fields.findIndex(isTemporal);
    const label = result.fields.findIndex((candidate) => !isNumeric(candidate));
    return html`
      <div class="choice">
        <label
          >Value
          <select @change=${this.#choose}>
            ${numbers.map(({ name }) => html`<option ?selected=${name === field?.name}>${name}</option>`)}
          </select></label
        >
        <span class="muted"
          >${temporal < 0 && result.rows.length > MAX_BARS ? `first ${MAX_BARS} of ${result.rows.length} rows` : ''}</span
        >
      </div>
      ${temporal >= 0 && result.rows.length > 1 ? this.#line(result, temporal, value) : this.#bars(result, label, value)}
    `;
  }

  #bars(result: TextResult, label: number, value: number): TemplateResult {
    const rows = result.rows.slice(0, MAX_BARS);
    const values = rows.map((row) => Number(row[value] ?? NaN));
    const width = Math.max(200, this.size[0] - 32);
    const left = Math.min(200, Math.round(width / 3));
    const most = Math.floor((left - 8) / 7.5);
    const scale = niceScale(values, 4, true);
    const x = (number: number): number => place(number, scale.from, scale.to, left, width - 72);
    return html`<svg
      width=${width}
      height=${rows.length * BAR + 8}
      role="img"
      aria-label=${`Bars of ${result.fields[value]?.name ?? ''}`}
    >
      ${rows.map((row, index) => {
        const number = values[index] ?? NaN;
        const name = label < 0 ? String(index + 1) : (row[label] ?? 'NULL');
        const top = index * BAR;
        const known = !Number.isNaN(number);
        const from = Math.min(x(0), known ? x(number) : x(0));
        const length = known ? Math.abs(x(number) - x(0)) : 0;
        return svg`<text x=${left - 8} y=${top + 17} text-anchor="end">${name.length > most ? `${name.slice(0, most - 1)}…` : name}</text>
          <rect x=${from} y=${top + 4} width=${Math.max(1, length)} height=${BAR - 8} rx="2" />
          <text class="value" x=${from + length + 6} y=${top + 17}>${known ? shortNumber(number) : 'NULL'}</text>`;
      })}
    </svg>`;
  }

  #line(result: TextResult, temporal: number, value: number): TemplateResult {
    const points = result.rows
      .map((row): Point => ({ at: parseMoment(row[temporal]), value: row[value] == null ? NaN : Number(row[value]) }))
      .filter(({ at }) => Number.isFinite(at))
      .toSorted((a, b) => a.at - b.at);
    const width = Math.max(200, this.size[0] - 32);
    const height = Math.max(140, this.size[1] - 72);
    const scale = niceScale(
      points.map((point) => point.value),
      Math.max(2, Math.floor(height / 48)),
      false,
    );
    const [from, to] = [points[0]?.at ?? 0, points.at(-1)?.at ?? 1];
    const x = (at: number): number => place(at, from, to, LEFT, width - RIGHT);
    const y = (number: number): number => place(number, scale.from, scale.to, height - 24, 12);
    const xs = points.map(({ at }) => x(at));
    const ys = points.map((point) => y(point.value));
    const line = linePath(xs, ys, false);
    const filled = ys.some(Number.isNaN) ? '' : `${line}V${height - 24}H${xs[0]?.toFixed(1) ?? 0}z`;
    return html`<svg
      width=${width}
      height=${height}
      role="img"
      aria-label=${`Line of ${result.fields[value]?.name ?? ''}`}
      @pointermove=${(event: PointerEvent) => (this.hover = nearest(event, xs))}
      @pointerleave=${() => (this.hover = -1)}
    >
      ${scale.ticks.map((tick) => svg`<line x1=${LEFT} x2=${width - RIGHT} y1=${y(tick)} y2=${y(tick)} /><text x=${LEFT - 8} y=${y(tick) + 4} text-anchor="end">${shortNumber(tick)}</text>`)}
      ${timeTicks(from, to, Math.max(2, Math.floor(width / 88))).map((tick) => svg`<text x=${x(tick.at)} y=${height - 4} text-anchor="middle">${tick.label}</text>`)}
      <path class="area" d=${filled} />
      <path class="line" d=${line} />
      ${this.#pointed(points[this.hover], xs[this.hover] ?? 0, ys[this.hover] ?? 0, width)}
    </svg>`;
  }

  #pointed(point: Point | undefined, x: number, y: number, width: number): SVGTemplateResult {
    if (point === undefined || Number.isNaN(point.value)) return svg``;
    const time = point.at % DAY_MS === 0 ? '' : ` ${timeOf(point.at)}`;
    const right = x > width - 200;
    return svg`<circle cx=${x} cy=${y} r="4" />
      <text class="value" x=${right ? x - 8 : x + 8} y=${Math.max(14, y - 8)} text-anchor=${right ? 'end' : 'start'}>${point.value.toLocaleString('en')} on ${dayOf(point.at)}${time}</text>`;
  }

  #choose(event: Event): void {
    this.column = (event.target as HTMLSelectElement).value;
  }
}

function sheet(): CSSResultGroup {
  return css`
    :host {
      height: 100%;
      overflow: auto;
      padding: 8px 16px;
    }
    .choice {
      display: flex;
      gap: 16px;
      align-items: center;
      min-height: 40px;
      font-size: 13px;
    }
    select {
      height: 32px;
      border: 1px solid var(--line);
      border-radius: var(--radius);
      background: var(--surface);
    }
    svg {
      display: block;
    }
    rect {
      fill: var(--accent);
    }
    .line {
      fill: none;
      stroke: var(--accent);
      stroke-width: 2;
      stroke-linejoin: round;
    }
    .area {
      fill: color-mix(in srgb, var(--accent) 12%, transparent);
    }
    circle {
      fill: var(--accent);
    }
    line {
      shape-rendering: crispEdges;
      stroke: var(--line);
    }
    text {
      font: 12px var(--sans);
      fill: var(--ink-2);
      font-variant-numeric: tabular-nums;
    }
    .value {
      fill: var(--ink);
      font-weight: 600;
      paint-order: stroke;
      stroke: var(--paper);
      stroke-width: 4px;
    }
  `;
}

customElements.define('drift-chart', DriftChart);
