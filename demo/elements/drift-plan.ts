/** EXPLAIN ANALYZE as a tree: one box an operator, its share of the time as a bar, rows expected and met. */
import type { CSSResultGroup, TemplateResult } from 'lit';
import { css, html } from 'lit';
import { shortNumber } from '../state/moments.ts';
import { ConsoleElement, properties, shared } from './shared.ts';

type Properties = Readonly<Record<string, unknown>>;

/** Shown as text of their own or said by the drawing; everything else is listed. */
const DRAWN: ReadonlySet<string> = new Set([
  'Node Type',
  'Plans',
  'Plan Rows',
  'Actual Rows',
  'Actual Total Time',
  'Actual Startup Time',
  'Actual Loops',
  'Plan Width',
  'Startup Cost',
  'Total Cost',
  'Parent Relationship',
  'Parallel Aware',
  'Async Capable',
]);

export class DriftPlan extends ConsoleElement {
  static override styles: CSSResultGroup = [shared, sheet()];

  override render(): TemplateResult {
    const { plan } = this.state;
    if (plan === undefined) return html`<p class="empty">Run a query to see how it is answered.</p>`;
    if (isProperties(plan) && typeof plan['message'] === 'string')
      return html`<p class="empty error">${plan['message']}</p>`;
    const [first] = Array.isArray(plan) ? (plan as unknown[]) : [plan];
    const root = isProperties(first) ? first['Plan'] : undefined;
    if (!isProperties(root) || !isProperties(first)) return html`<p class="empty">The plan has no tree.</p>`;
    const whole = Math.max(timeOf(root), 1e-9);
    const times = ['Planning Time', 'Execution Time'].filter((name) => typeof first[name] === 'number');
    return html`
      <p class="times muted">${times.map((name) => html`<span>${name} ${milliseconds(Number(first[name]))}</span>`)}</p>
      <ul role="tree" aria-label="Query plan" class="root">
        ${this.#node(root, whole)}
      </ul>
    `;
  }

  #node(node: Properties, whole: number): TemplateResult {
    const children = childrenOf(node);
    const own = Math.max(0, timeOf(node) - children.reduce((sum, child) => sum + timeOf(child), 0));
    const details = Object.entries(node).filter(([name]) => !DRAWN.has(name));
    const relation = node['Relation Name'] ?? node['Index Name'];
    return html`<li role="treeitem" aria-expanded=${children.length > 0}>
      <div class="box">
        <div class="title">
          <strong>${node['Node Type']}</strong> ${relation === undefined ? '' : html`<code>${relation}</code>`}
          <span class="rows">${rowsOf(node)}</span>
        </div>
        <div class="bar" title="own share of the time">
          <span ${properties({ width: `${Math.min(100, (100 * own) / whole)}%` })}></span>
        </div>
        <div class="own muted">${milliseconds(own)}</div>
        ${
          details.length === 0
            ? ''
            : html`<dl>
                ${details
                  .filter(([name]) => name !== 'Relation Name')
                  .map(
                    ([name, value]) =>
                      html`<dt>${name}</dt>
                        <dd>${typeof value === 'object' ? JSON.stringify(value) : String(value)}</dd>`,
                  )}
              </dl>`
        }
      </div>
      ${
        children.length === 0
          ? ''
          : html`<ul role="group">
              ${children.map((child) => this.#node(child, whole))}
            </ul>`
      }
    </li>`;
  }
}

function childrenOf(node: Properties): Properties[] {
  return Array.isArray(node['Plans']) ? (node['Plans'] as unknown[]).filter(isProperties) : [];
}

/** Time of the operator with all below it, in ms, over all its loops. */
function timeOf(node: Properties): number {
  return Number(node['Actual Total Time'] ?? 0) * Number(node['Actual Loops'] ?? 1);
}

function rowsOf(node: Properties): string {
  const actual = node['Actual Rows'];
  const expected = node['Plan Rows'];
  const parts: string[] = [];
  if (actual !== undefined) parts.push(`${shortNumber(Number(actual))} rows`);
  if (expected !== undefined) parts.push(`${shortNumber(Number(expected))} expected`);
  return parts.join(', ');
}

function milliseconds(value: number): string {
  return `${value < 10 ? value.toFixed(2) : Math.round(value)} ms`;
}

function isProperties(value: unknown): value is Properties {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sheet(): CSSResultGroup {
  return css`
    :host {
      height: 100%;
      overflow: auto;
      padding: 8px 16px 24px;
    }
    .times {
      display: flex;
      gap: 24px;
      margin: 0 0 8px;
      font-size: 13px;
    }
    ul {
      list-style: none;
      margin: 0;
      padding: 0 0 0 28px;
    }
    .root {
      padding: 0;
    }
    li {
      position: relative;
    }
    ul[role='group'] > li::before {
      content: '';
      position: absolute;
      left: -16px;
      top: -8px;
      width: 16px;
      height: 28px;
      border: solid var(--line-strong);
      border-width: 0 0 1px 1px;
      border-bottom-left-radius: 6px;
    }
    ul[role='group'] > li:not(:last-child)::after {
      content: '';
      position: absolute;
      left: -16px;
      top: 16px;
      bottom: 0;
      border-left: 1px solid var(--line-strong);
    }
    .box {
      display: grid;
      grid-template-columns: minmax(0, 1fr) 120px 72px;
      gap: 0 12px;
      align-items: center;
      max-width: 720px;
      margin: 8px 0;
      padding: 8px 12px;
      border: 1px solid var(--line);
      border-radius: var(--radius);
      background: var(--surface);
      font-size: 13px;
    }
    code {
      font: 12px var(--mono);
      color: var(--accent);
    }
    .rows {
      display: block;
      font-size: 12px;
      color: var(--ink-2);
    }
    .bar {
      height: 6px;
      border-radius: 3px;
      background: var(--raised);
      overflow: hidden;
    }
    .bar span {
      display: block;
      height: 100%;
      background: var(--accent);
    }
    .own {
      text-align: right;
      font-size: 12px;
      font-variant-numeric: tabular-nums;
    }
    dl {
      grid-column: 1 / -1;
      display: grid;
      grid-template-columns: max-content minmax(0, 1fr);
      gap: 0 12px;
      margin: 4px 0 0;
      font-size: 12px;
    }
    dt {
      color: var(--ink-2);
    }
    dd {
      margin: 0;
      font-family: var(--mono);
      overflow-wrap: anywhere;
    }
    @media (max-width: 720px) {
      .box {
        grid-template-columns: minmax(0, 1fr) 64px;
      }
      .bar {
        display: none;
      }
      ul {
        padding-left: 20px;
      }
    }
  `;
}

customElements.define('drift-plan', DriftPlan);
