/**
 * The SQL editor: CodeMirror with PostgreSQL's dialect, completion from the tables of the shown moment, and the engine's
 * errors as marks at their place. Mod-Enter runs the selection or the statement under the cursor.
 *
 * CodeMirror lives in this element's shadow root and so mounts its styles as adopted style sheets, which a strict
 * Content-Security-Policy allows.
 */
import {
  autocompletion,
  closeBrackets,
  closeCompletion,
  closeBracketsKeymap,
  completionKeymap,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { sql } from '@codemirror/lang-sql';
import { bracketMatching, HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import type { Diagnostic } from '@codemirror/lint';
import { lintKeymap, setDiagnostics } from '@codemirror/lint';
import { Compartment, EditorState } from '@codemirror/state';
import type { KeyBinding } from '@codemirror/view';
import { drawSelection, EditorView, keymap, placeholder } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import type { CSSResultGroup, TemplateResult } from 'lit';
import { css, html } from 'lit';
import type { TableInfo } from '../catalog.ts';
import { columnSource } from '../sql/complete.ts';
import { DRIFT_SQL } from '../sql/dialect.ts';
import { splitStatements, statementAt } from '../sql/statements.ts';
import type { Outcome } from '../state/shown.ts';
import { keepPlace } from '../state/place.ts';
import { ConsoleElement, shared } from './shared.ts';

const HIGHLIGHT = HighlightStyle.define([
  { tag: tags.keyword, color: 'var(--syntax-keyword)', fontWeight: '600' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--syntax-string)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--syntax-number)' },
  { tag: tags.typeName, color: 'var(--now)' },
  { tag: [tags.comment], color: 'var(--ink-2)', fontStyle: 'italic' },
]);

const THEME = EditorView.theme({
  '&': { height: '100%', color: 'var(--ink)', backgroundColor: 'transparent', fontSize: '14px' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.6' },
  '.cm-content': { padding: '12px 16px', caretColor: 'var(--accent)' },
  '.cm-cursor': { borderLeftColor: 'var(--accent)', borderLeftWidth: '2px' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'color-mix(in srgb, var(--accent) 22%, transparent) !important',
  },
  '.cm-matchingBracket': { backgroundColor: 'var(--raised) !important', outline: '1px solid var(--line-strong)' },
  '.cm-tooltip': {
    backgroundColor: 'var(--surface)',
    border: '1px solid var(--line)',
    borderRadius: '6px',
    color: 'var(--ink)',
  },
  '.cm-tooltip-autocomplete > ul > li': { padding: '3px 10px !important' },
  '.cm-completionDetail': { color: 'var(--ink-2)', fontStyle: 'normal', fontSize: '12px' },
  '[aria-selected] > .cm-completionDetail': { color: 'inherit' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { backgroundColor: 'var(--accent)', color: 'var(--on-accent)' },
  // CodeMirror's own mark is a data: image, which the policy refuses.
  '.cm-lintRange-error': {
    backgroundImage: 'none',
    textDecoration: 'underline wavy var(--error)',
    textUnderlineOffset: '4px',
  },
  '.cm-diagnostic-error': { borderLeftColor: 'var(--error)' },
  '.cm-placeholder': { color: 'var(--ink-2)' },
});

export class DriftEditor extends ConsoleElement {
  static override styles: CSSResultGroup = [shared, sheet()];

  #view: EditorView | undefined;
  readonly #language = new Compartment();
  #completedFor: readonly TableInfo[] | undefined;
  #markedFor: Outcome | undefined;

  override render(): TemplateResult {
    const { busy } = this.state;
    const command = /mac|iphone|ipad/i.test(navigator.userAgent) ? '⌘' : 'Ctrl';
    return html`
      <div class="editor"></div>
      <div class="bar">
        ${
          busy
            ? html`<button class="primary" @click=${() => this.state.stop()}>Stop</button>`
            : html`<button class="primary" @click=${this.run}>Run</button>`
        }
        <span class="muted keys"
          ><kbd>${command}</kbd> <kbd>Enter</kbd> runs the selection or the statement at the cursor</span
        >
        <span class="muted keys places"
          >Go to <kbd>Alt</kbd> <kbd>T</kbd> time line <kbd>Alt</kbd> <kbd>E</kbd> editor <kbd>Alt</kbd>
          <kbd>R</kbd> result</span
        >
      </div>
    `;
  }

  override firstUpdated(): void {
    const parent = this.renderRoot.querySelector('.editor');
    if (parent === null) return;
    const keys: KeyBinding[] = [{ key: 'Mod-Enter', run: () => (this.run(), true) }];
    this.#view = new EditorView({
      parent,
      root: this.renderRoot as ShadowRoot,
      state: EditorState.create({
        extensions: [
          keymap.of([
            ...keys,
            ...closeBracketsKeymap,
            ...completionKeymap,
            ...lintKeymap,
            ...historyKeymap,
            ...defaultKeymap,
            indentWithTab,
          ]),
          history(),
          drawSelection(),
          bracketMatching(),
          closeBrackets(),
          autocompletion({ icons: false }),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ 'aria-label': 'SQL statement' }),
          EditorView.updateListener.of((update) => {
            const name = this.state.dataSet?.name;
            if (update.docChanged && name !== undefined) keepPlace(name, { text: update.state.doc.toString() });
          }),
          placeholder('Write SQL, or choose an example'),
          syntaxHighlighting(HIGHLIGHT),
          THEME,
          this.#language.of(sql({ dialect: DRIFT_SQL })),
        ],
      }),
    });
  }

  override updated(): void {
    const view = this.#view;
    if (view === undefined) return;
    const { tables, outcome } = this.state;
    if (tables !== this.#completedFor) {
      this.#completedFor = tables;
      const schema = Object.fromEntries(
        tables.map((table) => [table.name, table.columns.map((column) => column.name)]),
      );
      const system = { 'drift.transactions': ['seq', 'committed_at', 'author', 'message', 'metadata', 'tables'] };
      view.dispatch({
        effects: this.#language.reconfigure([
          sql({ dialect: DRIFT_SQL, schema: { ...schema, ...system }, upperCaseKeywords: true }),
          DRIFT_SQL.language.data.of({ autocomplete: columnSource(tables) }),
        ]),
      });
    }
    if (outcome !== this.#markedFor) {
      this.#markedFor = outcome;
      view.dispatch(setDiagnostics(view.state, this.#diagnostics(outcome, view.state.doc.toString())));
    }
  }

  get text(): string {
    return this.#view?.state.doc.toString() ?? '';
  }

  set text(text: string) {
    const view = this.#view;
    if (view === undefined) return;
    view.dispatch({
      changes: { from: 0, to: view.state.doc.length, insert: text },
      selection: { anchor: text.length },
    });
  }

  override focus(): void {
    this.#view?.focus();
  }

  /** Runs the selection, or the statement under the cursor. */
  run(): void {
    const view = this.#view;
    if (view === undefined || this.state.busy) return;
    this.dispatchEvent(new Event('run', { bubbles: true, composed: true }));
    closeCompletion(view);
    const { from, to } = view.state.selection.main;
    const text = this.text;
    if (from !== to) return void this.state.run(text.slice(from, to), from);
    // A script that was not touched since it came from an example runs whole when the cursor is behind it.
    const atEnd = from >= text.trimEnd().length;
    const statement = statementAt(text, from);
    if (atEnd && splitStatements(text).length > 1) void this.state.run(text);
    else if (statement !== undefined) void this.state.run(statement.text, statement.from);
  }

  #diagnostics(outcome: Outcome | undefined, text: string): Diagnostic[] {
    const error = outcome?.error;
    if (outcome === undefined || error === undefined || error.position === 0) return [];
    const from = Math.min(text.length, outcome.offset + error.position - 1);
    const word = /^[\w$."]+/.exec(text.slice(from))?.[0] ?? '';
    const message = [error.message, error.detail, error.hint].filter((part) => part !== '').join('\n');
    return [{ from, to: Math.min(text.length, from + Math.max(1, word.length)), severity: 'error', message }];
  }
}

function sheet(): CSSResultGroup {
  return css`
    :host {
      display: grid;
      grid-template-rows: minmax(0, 1fr) auto;
      background: var(--surface);
      min-height: 0;
    }
    .editor {
      min-height: 0;
      overflow: hidden;
    }
    .bar {
      display: flex;
      align-items: center;
      gap: 16px;
      padding: 8px 16px;
    }
    .keys {
      font-size: 12px;
    }
    .places {
      margin-left: auto;
    }
    @media (max-width: 1080px) {
      .places {
        display: none;
      }
    }
    @media (max-width: 720px) {
      /* Below 16 px phones zoom in when the text gets the focus. */
      .editor .cm-editor {
        font-size: 16px;
      }
      .keys {
        display: none;
      }
      .bar button {
        min-height: 44px;
        flex: 1;
      }
    }
  `;
}

customElements.define('drift-editor', DriftEditor);
