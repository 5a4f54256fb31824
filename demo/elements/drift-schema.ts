/** The schema browser: tables, their rows and columns at the shown moment, and the data set's examples. */
import type { CSSResultGroup, PropertyDeclarations, TemplateResult } from 'lit';
import { css, html } from 'lit';
import type { TableInfo } from '../catalog.ts';
import { quote } from '../catalog.ts';
import type { Example } from '../data/step.ts';
import { ConsoleElement, shared } from './shared.ts';

/** The engine's own tables that are worth a look, and what they are ordered by. */
const SYSTEM: readonly (readonly [name: string, order: string])[] = [
  ['transactions', 'seq DESC'],
  ['tags', 'seq'],
  ['branches', 'fork_seq NULLS FIRST'],
  ['retention', 'table_name'],
  ['storage', 'name'],
  ['settings', 'name'],
];

export class DriftSchema extends ConsoleElement {
  static override properties: PropertyDeclarations = { closed: { state: true } };
  static override styles: CSSResultGroup = [shared, sheet()];

  declare closed: ReadonlySet<string>;

  constructor() {
    super();
    this.closed = new Set();
  }

  override render(): TemplateResult {
    const { tables, dataSet } = this.state;
    return html`
      ${(dataSet?.examples.length ?? 0) > 0 ? html`<h2>Try</h2>` : ''}
      <ul class="examples">
        ${dataSet?.examples.map((example) => html`<li><button class="quiet" @click=${() => this.#try(example)}>${example.title}</button></li>`)}
      </ul>
      <h2>Tables</h2>
      ${tables.length === 0 ? html`<p class="muted none">No tables at this moment</p>` : ''}
      <ul class="tables">
        ${tables.map((table) => this.#table(table))}
      </ul>
      <h2>System</h2>
      <ul class="tables system">
        ${SYSTEM.map(
          ([name, order]) =>
            html`<li>
              <button
                class="quiet name"
                @click=${() => this.#try({ title: name, sql: `SELECT * FROM drift.${name} ORDER BY ${order};` })}
              >
                <span class="muted">drift.${name}</span>
              </button>
            </li>`,
        )}
      </ul>
    `;
  }

  #table(table: TableInfo): TemplateResult {
    const open = !this.closed.has(table.name);
    return html`<li>
      <div class="table">
        <button
          class="quiet fold"
          aria-expanded=${open}
          aria-label=${`Columns of ${table.name}`}
          @click=${() => this.#fold(table.name)}
        >
          <span>${open ? '▾' : '▸'}</span>
        </button>
        <button
          class="quiet name"
          title="Show its rows"
          @click=${() => this.#try({ title: table.name, sql: `SELECT * FROM ${quote(table.name)};` })}
        >
          <span>${table.name}${table.isView ? html` <span class="muted">view</span>` : ''}</span
          ><span class="count">${table.rowCount?.toLocaleString('en') ?? ''}</span>
        </button>
      </div>
      ${
        open
          ? html`<ul class="columns">
              ${table.columns.map(
                (column) =>
                  html`<li>
                    <span class=${column.isKey ? 'key' : ''} title=${column.isKey ? 'primary key' : ''}
                      >${column.name}</span
                    >
                    <span class="muted">${shortType(column.type)}${column.notNull ? '' : ' ?'}</span>
                  </li>`,
              )}
              ${table.indexes
                .filter((index) => index.columns !== table.key.join(', '))
                .map(
                  (index) =>
                    html`<li class="muted" title=${`index ${index.name}`}>
                      <span>${index.isUnique ? 'unique' : 'index'} (${index.columns})</span>
                    </li>`,
                )}
            </ul>`
          : ''
      }
    </li>`;
  }

  #fold(name: string): void {
    const closed = new Set(this.closed);
    if (!closed.delete(name)) closed.add(name);
    this.closed = closed;
  }

  #try(example: Example): void {
    this.dispatchEvent(new CustomEvent('try', { detail: example, bubbles: true, composed: true }));
  }
}

/** Types as people write them. */
function shortType(type: string): string {
  return type
    .replace(/^(time|timestamp)(.*) with time zone$/, '$1tz$2')
    .replace(' without time zone', '')
    .replace('character varying', 'varchar')
    .replace('double precision', 'float8');
}

function sheet(): CSSResultGroup {
  return css`
    :host {
      overflow: auto;
      padding: 8px 8px 24px;
    }
    h2 {
      margin: 12px 8px 4px;
      font-size: 12px;
      font-weight: 600;
      color: var(--ink-2);
    }
    ul {
      list-style: none;
      margin: 0;
      padding: 0;
    }
    .none {
      margin: 4px 8px;
      font-size: 13px;
    }
    .examples button {
      width: 100%;
      justify-content: flex-start;
      text-align: left;
      white-space: normal;
      line-height: 1.35;
      padding: 4px 8px;
      color: var(--accent);
      font-size: 13px;
    }
    .examples button:hover {
      background: var(--raised);
    }
    .table {
      display: flex;
    }
    .fold {
      width: 24px;
      padding: 0;
      color: var(--ink-2);
    }
    .name {
      flex: 1;
      min-width: 0;
      justify-content: space-between;
      padding: 0 8px 0 0;
      font: 600 13px var(--mono);
    }
    .system .name {
      width: 100%;
      justify-content: flex-start;
      padding-left: 24px;
      font-weight: 400;
    }
    .count {
      font: 12px var(--sans);
      color: var(--accent);
      font-variant-numeric: tabular-nums;
    }
    .columns {
      margin: 0 8px 8px 24px;
      font: 12px/22px var(--mono);
    }
    .columns li {
      display: flex;
      justify-content: space-between;
      gap: 8px;
      overflow: hidden;
      white-space: nowrap;
    }
    .columns .muted {
      overflow: hidden;
      text-overflow: ellipsis;
    }
    .key {
      text-decoration: underline;
      text-underline-offset: 3px;
    }
    @media (max-width: 720px) {
      .examples button,
      .name,
      .fold {
        min-height: 44px;
      }
    }
  `;
}

customElements.define('drift-schema', DriftSchema);
