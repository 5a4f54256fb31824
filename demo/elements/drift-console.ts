/**
 * The console: one page whose time line stands above everything that it moves.
 *
 * Wide screens show schema, editor and result at once; on a phone they are tabs and the time line stays. Files dropped
 * anywhere become tables. Keys: Mod-Enter runs, Escape ends what runs, Alt-T goes to the time line, Alt-B to
 * the branches, Alt-E to the editor, Alt-R to the result.
 */
import type { CSSResultGroup, PropertyDeclarations, TemplateResult } from 'lit';
import { html } from 'lit';
import { keepUpload, knownDataSets, newUpload, OWN } from '../data/datasets.ts';
import { save, toCsv } from '../data/export-file.ts';
import { importFile } from '../data/import-file.ts';
import type { DataSet, Example } from '../data/step.ts';
import { quote, readTables } from '../catalog.ts';
import type { Field, TextResult } from '../database.ts';
import { isNumeric } from '../database.ts';
import { splitStatements, isQuery } from '../sql/statements.ts';
import type { Panel } from '../state/shown.ts';
import { ConsoleState } from '../state/console-state.ts';
import { indexOfSeq } from '../state/moments.ts';
import { readPlace } from '../state/place.ts';
import { toggleTheme } from '../state/theme.ts';
import { consoleStyles } from './console-styles.ts';
import type { DriftBlame } from './drift-blame.ts';
import './drift-blame.ts';
import type { DriftBranches } from './drift-branches.ts';
import './drift-branches.ts';
import type { CareMode, DriftCare } from './drift-care.ts';
import './drift-care.ts';
import './drift-chart.ts';
import './drift-commits.ts';
import './drift-compare.ts';
import './drift-diff.ts';
import type { DriftEditor } from './drift-editor.ts';
import './drift-editor.ts';
import type { CellPoint } from './drift-grid.ts';
import './drift-grid.ts';
import './drift-history.ts';
import './drift-kept.ts';
import './drift-plan.ts';
import './drift-problem.ts';
import './drift-progress.ts';
import './drift-row.ts';
import './drift-schema.ts';
import './drift-splitter.ts';
import './drift-status.ts';
import './drift-timeline.ts';
import './drift-trend.ts';
import './drift-welcome.ts';
import { ConsoleElement, shared } from './shared.ts';

const PANELS: readonly (readonly [panel: Panel, title: string])[] = [
  ['result', 'Result'],
  ['compare', 'Then and now'],
  ['diff', 'Differences'],
  ['trend', 'Over time'],
  ['chart', 'Chart'],
  ['row', 'Row history'],
  ['plan', 'Plan'],
  ['commits', 'Commits'],
  ['kept', 'Retention'],
  ['history', 'Statements'],
];

/** Panels that don't show the statement's result: its error does not belong there. */
const STANDING: ReadonlySet<Panel> = new Set(['diff', 'history', 'row', 'commits', 'kept']);

type View = 'schema' | 'query' | 'result';
const VIEWS: readonly (readonly [view: View, title: string])[] = [
  ['schema', 'Tables'],
  ['query', 'Query'],
  ['result', 'Result'],
];

export class DriftConsole extends ConsoleElement {
  static override properties: PropertyDeclarations = { view: { state: true }, dragging: { state: true } };
  static override styles: CSSResultGroup = [shared, consoleStyles];

  /** What a phone shows. */
  declare view: View;
  declare dragging: boolean;
  #shown: Panel | undefined;

  constructor() {
    super();
    this.view = 'result';
    this.dragging = false;
    this.state = new ConsoleState();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener('keydown', this.#keys);
    const known = localStorage.getItem('drift.database');
    const dataSet = knownDataSets().find(({ name }) => name === known);
    if (dataSet !== undefined) void this.#choose(dataSet);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener('keydown', this.#keys);
  }

  override render(): TemplateResult {
    const { state } = this;
    const ready = state.dataSet !== undefined && state.loading === undefined;
    return html`<div
      class="page ${this.dragging ? 'dragging' : ''}"
      data-view=${this.view}
      @dragover=${this.#dragOver}
      @dragleave=${() => (this.dragging = false)}
      @drop=${this.#drop}
      @choose=${(event: CustomEvent<DataSet>) => void this.#choose(event.detail)}
      @sealed=${() => void this.#careFor('open')}
      @branches=${() => this.#showBranches()}
      @repair=${() => void this.#careFor('damaged')}
      @try=${(event: CustomEvent<Example>) => this.#try(event.detail)}
      @run=${() => (this.view = 'result')}
      @statement=${(event: CustomEvent<string>) => this.#edit(event.detail)}
    >
      ${this.#top(ready)} ${ready ? this.#body() : html`<drift-welcome .state=${state}></drift-welcome>`}
      <drift-care .state=${state} .openIn=${this.#openIn}></drift-care>
      <drift-branches .state=${state}></drift-branches>
    </div>`;
  }

  #top(ready: boolean): TemplateResult {
    return html`<header>
      <button class="quiet brand" @click=${() => void this.state.close()} title="Back to the first page">
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <rect width="32" height="32" rx="7" />
          <path d="M6 17h3v8H6zM12 12h3v13h-3zM18 15h3v10h-3z" />
          <path class="rule" d="M24 6h2.6v20H24z" /></svg
        >DriftDB
      </button>
      ${
        ready
          ? html`<select aria-label="Database" @change=${this.#switch}>
                ${knownDataSets().map(({ name, title }) => html`<option value=${name} .selected=${name === this.state.dataSet?.name}>${title}</option>`)}
              </select>
              <span class="muted source">${this.state.dataSet?.source}</span>`
          : ''
      }
      <span class="gap"></span>
      ${
        ready
          ? html`<label
                class="file button"
                title="A CSV or JSON file becomes a table; a .drift file becomes the database"
                ><input type="file" multiple accept=".csv,.tsv,.json,.ndjson,.drift" @change=${this.#pick} /><span
                  >Add file</span
                ></label
              >
              <button
                class="quiet download"
                @click=${this.#download}
                title="The whole database with its history as one file"
              >
                Download
              </button>
              <button
                class="quiet icon"
                @click=${() => void this.#careFor('care')}
                aria-label="Check, repair and keep this database"
                title="Check, repair, keep, passphrase"
              >
                <svg viewBox="0 0 16 16">
                  <path d="M8 0.8l6 2.2v4.6c0 3.6-2.4 6.2-6 7.6-3.6-1.4-6-4-6-7.6V3z" />
                </svg>
              </button>`
          : ''
      }
      <button class="quiet icon" @click=${toggleTheme} aria-label="Light or dark" title="Light or dark">
        <svg viewBox="0 0 16 16">
          <path d="M8 1a7 7 0 1 0 0 14V1z" />
          <circle cx="8" cy="8" r="6.5" fill="none" stroke="currentColor" />
        </svg>
      </button>
    </header>`;
  }

  #body(): TemplateResult {
    const { state } = this;
    return html`
      <drift-timeline .state=${state}></drift-timeline>
      ${state.failure === undefined ? '' : html`<p class="failure" role="alert">${state.failure} ${state.damaged === undefined ? '' : html`<button class="quiet" @click=${() => void this.#careFor('damaged')}>Repair ${state.damaged.dataSet.title}</button>`} <button class="quiet" @click=${() => state.fail(undefined)}>Dismiss</button></p>`}
      <drift-schema .state=${state} aria-label="Tables"></drift-schema>
      <drift-editor .state=${state}></drift-editor>
      <drift-splitter></drift-splitter>
      <section class="result">
        <div class="tabs" role="tablist" aria-label="Views of the result" @keydown=${this.#tabKeys}>
          ${PANELS.map(
            ([panel, title]) =>
              html`<button
                role="tab"
                id=${`tab-${panel}`}
                aria-controls="panel"
                aria-selected=${state.panel === panel}
                tabindex=${state.panel === panel ? 0 : -1}
                @click=${() => state.show(panel)}
              >
                ${title}
              </button>`,
          )}
          ${
            state.panel === 'result' && (state.outcome?.result?.rows.length ?? 0) > 0
              ? html`<button class="save" @click=${this.#saveCsv} title="The rows of this result as a CSV file">
                  Save as CSV
                </button>`
              : ''
          }
        </div>
        <drift-progress .state=${state}></drift-progress>
        <div class="panel" role="tabpanel" id="panel" aria-labelledby=${`tab-${state.panel}`}>${this.#panel()}</div>
      </section>
      <drift-status .state=${state}></drift-status>
      <nav aria-label="Views">
        ${VIEWS.map(([view, title]) => html`<button aria-pressed=${this.view === view} @click=${() => (this.view = view)}>${title}</button>`)}
      </nav>
    `;
  }

  #panel(): TemplateResult {
    const { state } = this;
    const failed = state.outcome?.error !== undefined && !STANDING.has(state.panel);
    if (failed) return html`<drift-problem .state=${state}></drift-problem>`;
    switch (state.panel) {
      case 'result':
        return this.#result();
      case 'compare':
        return html`<drift-compare .state=${state}></drift-compare>`;
      case 'diff':
        return html`<drift-diff .state=${state}></drift-diff>`;
      case 'trend':
        return html`<drift-trend .state=${state}></drift-trend>`;
      case 'chart':
        return html`<drift-chart .state=${state}></drift-chart>`;
      case 'row':
        return html`<drift-row .state=${state}></drift-row>`;
      case 'plan':
        return html`<drift-plan .state=${state}></drift-plan>`;
      case 'commits':
        return html`<drift-commits .state=${state}></drift-commits>`;
      case 'kept':
        return html`<drift-kept .state=${state}></drift-kept>`;
      case 'history':
        return html`<drift-history .state=${state}></drift-history>`;
    }
  }

  #result(): TemplateResult {
    const { outcome } = this.state;
    if (outcome === undefined)
      return html`<p class="empty">
        Choose an example or a table, or write a statement and run it. Then drag the time line.
      </p>`;
    const result = outcome.result;
    if (result === undefined || result.fields.length === 0) {
      return html`<p class="empty">${result?.command || 'Done'}${affected(result)}.</p>`;
    }
    const table = this.state.rowTable();
    const blame = (): DriftBlame | null => this.renderRoot.querySelector('drift-blame');
    return html`<div class="blamed">
      <drift-grid
        .fields=${result.fields}
        .rows=${result.rows}
        .keyColumns=${keyColumns(result.fields, table?.key ?? [])}
        .rowsOpen=${table !== undefined}
        @row-open=${(event: CustomEvent<readonly (string | null)[]>) => void this.state.openRow(event.detail)}
        @cell-point=${(event: CustomEvent<CellPoint>) => blame()?.point(event.detail)}
        @cell-leave=${() => blame()?.leave()}
      ></drift-grid>
      ${table === undefined ? '' : html`<drift-blame .state=${this.state}></drift-blame>`}
    </div>`;
  }

  /** Names the page; on a phone, where the tabs scroll, brings the chosen one into sight. */
  override updated(): void {
    const { dataSet } = this.state;
    document.title = dataSet === undefined ? 'DriftDB console' : `${dataSet.title}, DriftDB`;
    if (this.state.panel === this.#shown) return;
    this.#shown = this.state.panel;
    this.renderRoot
      .querySelector('.tabs [aria-selected="true"]')
      ?.scrollIntoView({ inline: 'nearest', block: 'nearest' });
  }

  get #editor(): DriftEditor | null {
    return this.renderRoot.querySelector('drift-editor');
  }

  /** Opens a database; asks for the passphrase first where it needs one. */
  async #choose(dataSet: DataSet): Promise<void> {
    if (dataSet.encrypted !== true) return this.#open(dataSet);
    await this.updateComplete;
    await this.#careFor('open', dataSet.title);
  }

  readonly #openIn = (dataSet: DataSet, passphrase?: string): Promise<void> =>
    this.#open(dataSet, undefined, passphrase);

  async #careFor(mode: CareMode, title?: string): Promise<void> {
    await this.renderRoot.querySelector<DriftCare>('drift-care')?.show(mode, title);
  }

  async #open(dataSet: DataSet, file?: Uint8Array, passphrase?: string): Promise<void> {
    await this.state.open(dataSet, file, passphrase);
    await this.updateComplete;
    if (this.state.dataSet !== dataSet) return;
    const { text, moment } = readPlace(dataSet.name);
    if (moment !== null && moment !== undefined) this.state.travel(indexOfSeq(this.state.commits, moment));
    const [example] = dataSet.examples;
    const [table] = this.state.tables;
    const first = example?.sql ?? (table === undefined ? '' : `SELECT * FROM ${quote(table.name)};`);
    const shown = text ?? first;
    this.#edit(shown);
    // A first look without a click; statements that would change something wait for their reader.
    if (shown === example?.sql && isQuery(shown)) await this.state.example(example);
    else if (splitStatements(shown).every((statement) => isQuery(statement.text))) await this.state.run(shown);
  }

  #try(example: Example): void {
    this.#edit(example.sql);
    this.view = 'result';
    if (/^\s*create\b/i.test(example.sql)) this.view = 'query';
    else void this.state.example(example);
  }

  #edit(sql: string): void {
    const editor = this.#editor;
    if (editor !== null) editor.text = sql;
    if (this.state.panel === 'history') this.view = 'query';
  }

  #switch(event: Event): void {
    const { value } = event.target as HTMLSelectElement;
    const dataSet = knownDataSets().find(({ name }) => name === value);
    if (dataSet === undefined) return;
    // Until it is open the name of the open one stays.
    (event.target as HTMLSelectElement).value = this.state.dataSet?.name ?? '';
    void this.#choose(dataSet);
  }

  #dragOver(event: DragEvent): void {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    this.dragging = true;
  }

  #drop(event: DragEvent): void {
    this.dragging = false;
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    void this.#addAll(files);
  }

  #pick(event: Event): void {
    const input = event.target as HTMLInputElement;
    void this.#addAll([...(input.files ?? [])]);
    input.value = '';
  }

  async #addAll(files: readonly File[]): Promise<void> {
    for (const file of files) await this.#add(file);
  }

  /** A table from a CSV or JSON file, or a whole database from an exported one. */
  async #add(file: File): Promise<void> {
    try {
      if (file.name.endsWith('.drift')) {
        const upload = newUpload(file.name.replace(/\.drift$/, ''));
        await this.#open(upload, new Uint8Array(await file.arrayBuffer()));
        if (this.state.dataSet === upload) keepUpload(upload);
        this.requestUpdate();
        return;
      }
      if (this.state.database === undefined) await this.state.open(OWN);
      if (this.state.database === undefined) return;
      this.state.travel(Infinity);
      const taken = new Set((await readTables(this.state.database)).map((table) => table.name));
      const table = await importFile(this.state.database, file, taken);
      await this.state.committed();
      await this.updateComplete;
      this.#try({ title: table, sql: `SELECT * FROM ${quote(table)};` });
    } catch (error) {
      this.state.fail(error);
    }
  }

  async #download(): Promise<void> {
    const { database, dataSet } = this.state;
    if (database === undefined || dataSet === undefined) return;
    try {
      save(await database.exportFile(), `${dataSet.name}.drift`);
    } catch (error) {
      this.state.fail(error);
    }
  }

  #saveCsv(): void {
    const result = this.state.outcome?.result;
    if (result !== undefined) save(toCsv(result), `${this.state.rowTable()?.name ?? 'result'}.csv`);
  }

  #tabKeys(event: KeyboardEvent): void {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (step === 0) return;
    const at = PANELS.findIndex(([panel]) => panel === this.state.panel);
    const [panel] = PANELS[(at + step + PANELS.length) % PANELS.length] ?? ['result'];
    this.state.show(panel);
    this.renderRoot.querySelector<HTMLElement>(`#tab-${panel}`)?.focus();
  }

  readonly #keys = (event: KeyboardEvent): void => {
    if (event.key === 'Escape' && this.state.busy && !event.defaultPrevented) this.state.stop();
    if (!event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.code === 'KeyT') this.#focusIn('drift-timeline', '.strip');
    else if (event.code === 'KeyR') void this.#focusResult();
    else if (event.code === 'KeyB') this.#showBranches();
    else if (event.code === 'KeyE') this.#editor?.focus();
    else return;
    event.preventDefault();
  };

  #showBranches(): void {
    const { dataSet, commits } = this.state;
    // A branch begins with a commit.
    if (dataSet !== undefined && commits.seq.length > 0)
      void this.renderRoot.querySelector<DriftBranches>('drift-branches')?.show();
  }

  /** The rows, whatever panel was open. */
  async #focusResult(): Promise<void> {
    this.view = 'result';
    if (this.renderRoot.querySelector('drift-grid') === null) this.state.show('result');
    await this.updateComplete;
    this.#focusIn('drift-grid', '.scroller');
  }

  #focusIn(element: string, part: string): void {
    const host = this.renderRoot.querySelector(element);
    host?.shadowRoot?.querySelector<HTMLElement>(part)?.focus();
  }
}

/** Places of the primary key; else the first column that is no number, as the labels of a grouping are. */
function keyColumns(fields: readonly Field[], key: readonly string[]): readonly number[] {
  const places = key.map((name) => fields.findIndex((field) => field.name === name));
  if (places.length > 0) return places;
  const label = fields.findIndex((field) => !isNumeric(field));
  return label < 0 ? [] : [label];
}

/** ", 3 rows", and where to find them again. */
function affected(result: TextResult | undefined): string {
  const rows = result?.affectedRows ?? null;
  if (rows === null || !/^(INSERT|UPDATE|DELETE|MERGE)/.test(result?.command ?? '')) return '';
  const count = `, ${rows.toLocaleString('en')} ${rows === 1 ? 'row' : 'rows'}`;
  return rows === 0 ? count : `${count}. What was before stays on the time line`;
}

customElements.define('drift-console', DriftConsole);
