/**
 * EXPLAIN ANALYZE as a drawing: a box an operator with its share of the time, and between them the rows that flow, the
 * thicker the more. A box that met ten times more or fewer rows than planned says so; choosing one shows its details.
 */
import type { CSSResultGroup, PropertyDeclarations, SVGTemplateResult, TemplateResult } from 'lit';
import { css, html, svg } from 'lit';
import { shortNumber } from '../state/moments.ts';
import type { PlacedNode, PlanLayout } from './plan-layout.ts';
import { BOX, layOut, readPlan } from './plan-layout.ts';
import { ConsoleElement, properties, shared } from './shared.ts';

/** Below this width the tree stands upright. */
const UPRIGHT = 640;

export class DriftPlan extends ConsoleElement {
  static override properties: PropertyDeclarations = { width: { state: true }, chosen: { state: true } };
  static override styles: CSSResultGroup = [shared, sheet()];

  declare width: number;
  /** Index of the operator whose details are shown. */
  declare chosen: number;
  #drawn: unknown;
  readonly #observer = new ResizeObserver(([entry]) => {
    if (entry !== undefined) this.width = Math.floor(entry.contentRect.width);
  });

  constructor() {
    super();
    this.width = 800;
    this.chosen = 0;
  }

  override firstUpdated(): void {
    this.#observer.observe(this);
  }

  override render(): TemplateResult {
    const { plan } = this.state;
    if (plan === undefined) return html`<p class="empty">Run a query to see how it is answered.</p>`;
    if (isProperties(plan) && typeof plan['message'] === 'string')
      return html`<p class="empty error">${plan['message']}</p>`;
    const [first] = Array.isArray(plan) ? (plan as unknown[]) : [plan];
    const root = isProperties(first) ? readPlan(first['Plan']) : undefined;
    if (root === undefined || !isProperties(first)) return html`<p class="empty">The plan has no tree.</p>`;
    if (plan !== this.#drawn) {
      this.#drawn = plan;
      this.chosen = 0;
    }
    const layout = layOut(root, this.width < UPRIGHT);
    return html`
      <div class="canvas" tabindex="-1">
        <div
          class="tree"
          role="tree"
          aria-label="Query plan"
          ${properties({ width: `${layout.width}px`, height: `${layout.height}px` })}
        >
          <svg width=${layout.width} height=${layout.height} aria-hidden="true">
            ${layout.nodes.map((node) => this.#edge(node, layout))}
          </svg>
          ${layout.nodes.map((node, index) => this.#box(node, index, layout))}
        </div>
      </div>
      ${this.#details(layout.nodes[this.chosen] ?? layout.nodes[0], first)}
    `;
  }

  #edge(from: PlacedNode, { nodes }: PlanLayout): SVGTemplateResult {
    const to = nodes[from.parent];
    if (to === undefined) return svg``;
    const upright = this.width < UPRIGHT;
    const rows = from.node.actual ?? from.node.expected ?? 0;
    const [x1, y1] = upright ? [from.x + BOX.width / 2, from.y] : [from.x + BOX.width, from.y + BOX.height / 2];
    const [x2, y2] = upright ? [to.x + BOX.width / 2, to.y + BOX.height] : [to.x, to.y + BOX.height / 2];
    const [bendX, bendY] = upright ? [0, (y2 - y1) / 2] : [(x2 - x1) / 2, 0];
    const thickness = 1.5 + 1.5 * Math.log10(1 + rows);
    const label = upright
      ? svg`<text x=${x1 + 8} y=${y1 - 8}>${shortNumber(rows)}</text>`
      : svg`<text x=${x1 + 6} y=${y1 - 6 - thickness / 2}>${shortNumber(rows)}</text>`;
    return svg`<path
        d=${`M${x1} ${y1}C${x1 + bendX} ${y1 + bendY} ${x2 - bendX} ${y2 - bendY} ${x2} ${y2}`}
        stroke-width=${thickness}
      />${label}`;
  }

  #box({ node, depth, x, y }: PlacedNode, index: number, { nodes }: PlanLayout): TemplateResult {
    const whole = Math.max(
      1e-9,
      nodes.reduce((sum, placed) => sum + placed.node.ownMs, 0),
    );
    const share = Math.min(1, node.ownMs / whole);
    const [name, about] = splitTitle(node.title);
    return html`<button
      class="box"
      role="treeitem"
      aria-level=${depth + 1}
      aria-selected=${index === this.chosen}
      ${properties({ left: `${x}px`, top: `${y}px` })}
      @click=${() => (this.chosen = index)}
    >
      <span class="title"><strong>${name}</strong> <code>${about}</code></span>
      <span class="detail">${node.what}</span>
      <span class="foot"
        ><span>${node.actual === undefined ? '' : `${shortNumber(node.actual)} rows`}</span>
        ${wrong(node.expected, node.actual) ? html`<span class="off">planned ${shortNumber(node.expected ?? 0)}</span>` : ''}
        <span class="own">${milliseconds(node.ownMs)}</span></span
      >
      <span class="bar"><span ${properties({ width: `${100 * share}%` })}></span></span>
    </button>`;
  }

  #details(placed: PlacedNode | undefined, whole: Readonly<Record<string, unknown>>): TemplateResult {
    const node = placed?.node;
    const times = ['Planning Time', 'Execution Time'].filter((name) => typeof whole[name] === 'number');
    return html`<div class="details">
      <dl>
        ${
          node === undefined
            ? ''
            : html`<dt>${node.title}</dt>
                <dd>
                  ${node.actual === undefined ? '' : `${node.actual.toLocaleString('en')} rows, `}${node.expected?.toLocaleString('en') ?? '?'}
                  expected
                </dd>
                ${node.details.map(
                  ([name, value]) =>
                    html`<dt>${name}</dt>
                      <dd><code>${value}</code></dd>`,
                )}`
        }
      </dl>
      <p class="muted">${times.map((name) => html`<span>${name} ${milliseconds(Number(whole[name]))}</span>`)}</p>
    </div>`;
  }
}

/** "Seq Scan on countries" is the scan, and what it scans. */
function splitTitle(title: string): [name: string, about: string] {
  const at = title.search(/ (on|using) /);
  return at < 0 ? [title, ''] : [title.slice(0, at), title.slice(at).replace(/^ on /, '').trim()];
}

function wrong(expected: number | undefined, actual: number | undefined): boolean {
  if (expected === undefined || actual === undefined) return false;
  const [low, high] = [Math.min(expected, actual) + 1, Math.max(expected, actual) + 1];
  return high > 20 && high / low >= 10;
}

function milliseconds(value: number): string {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}

function isProperties(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sheet(): CSSResultGroup {
  return css`
    :host {
      height: 100%;
      display: grid;
      grid-template-rows: minmax(0, 1fr) auto;
    }
    .canvas {
      display: grid;
      place-content: safe center;
      overflow: auto;
      padding: 16px;
    }
    .tree {
      position: relative;
    }
    svg {
      position: absolute;
      inset: 0;
      overflow: visible;
    }
    path {
      fill: none;
      stroke: color-mix(in srgb, var(--accent) 45%, transparent);
    }
    text {
      font: 11px var(--sans);
      fill: var(--ink-2);
      font-variant-numeric: tabular-nums;
    }
    .box {
      position: absolute;
      display: grid;
      grid-template-rows: 20px 18px 18px 6px;
      align-content: space-between;
      justify-content: stretch;
      justify-items: stretch;
      gap: 0;
      width: 208px;
      height: 84px;
      padding: 8px 12px;
      text-align: left;
      font-size: 13px;
      line-height: 18px;
    }
    .box[aria-selected='true'] {
      border-color: var(--accent);
      box-shadow: 0 0 0 1px var(--accent);
    }
    .title,
    .detail {
      overflow: hidden;
      text-overflow: ellipsis;
    }
    code {
      font: 12px var(--mono);
    }
    .title code {
      color: var(--accent);
    }
    .detail {
      font: 11px/18px var(--mono);
      color: var(--ink-2);
    }
    .foot {
      display: flex;
      gap: 8px;
      font-size: 11px;
      color: var(--ink-2);
      font-variant-numeric: tabular-nums;
    }
    .own {
      margin-left: auto;
    }
    .off {
      color: var(--past);
      font-weight: 600;
    }
    .bar {
      height: 4px;
      align-self: end;
      border-radius: 2px;
      background: var(--raised);
      overflow: hidden;
    }
    .bar span {
      display: block;
      height: 100%;
      background: var(--accent);
    }
    .details {
      display: flex;
      gap: 24px;
      align-items: end;
      justify-content: space-between;
      max-height: 144px;
      padding: 8px 16px;
      border-top: 1px solid var(--line);
      background: var(--surface);
      font-size: 12px;
      overflow: auto;
    }
    dl {
      display: grid;
      grid-template-columns: max-content minmax(0, 1fr);
      gap: 0 16px;
      margin: 0;
    }
    dt:first-of-type {
      font-weight: 600;
      color: var(--ink);
    }
    dt {
      color: var(--ink-2);
    }
    dd {
      margin: 0;
      overflow-wrap: anywhere;
    }
    .details p {
      display: grid;
      margin: 0;
      text-align: right;
      white-space: nowrap;
      font-variant-numeric: tabular-nums;
    }
  `;
}

customElements.define('drift-plan', DriftPlan);
