/**
 * CodeMirror as the console uses it. A module of its own, so that the first page loads without it: drift-editor imports
 * it when it is shown.
 *
 * It lives in the editor's shadow root and so mounts its styles as adopted style sheets, which a strict
 * Content-Security-Policy allows.
 */
import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  closeCompletion,
  completionKeymap,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { sql } from '@codemirror/lang-sql';
import { bracketMatching, HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { lintKeymap, setDiagnostics } from '@codemirror/lint';
import { Compartment, EditorState } from '@codemirror/state';
import { drawSelection, EditorView, keymap, placeholder } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import type { TableInfo } from '../catalog.ts';
import { columnSource } from '../sql/complete.ts';
import { DRIFT_SQL } from '../sql/dialect.ts';

/** Completed beside the tables of the database. */
const SYSTEM_TABLES = { 'drift.transactions': ['seq', 'committed_at', 'author', 'message', 'metadata', 'tables'] };

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

export interface CodeEvents {
  /** Mod-Enter. */
  run(): void;
  changed(text: string): void;
}

export interface Mark {
  readonly from: number;
  readonly to: number;
  readonly message: string;
}

export class CodeEditor {
  readonly #view: EditorView;
  readonly #language = new Compartment();
  #known = '';

  constructor(parent: Element, root: ShadowRoot, events: CodeEvents) {
    this.#view = new EditorView({
      parent,
      root,
      state: EditorState.create({
        extensions: [
          keymap.of([
            { key: 'Mod-Enter', run: () => (events.run(), true) },
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
            if (update.docChanged) events.changed(update.state.doc.toString());
          }),
          placeholder('Write SQL, or choose an example'),
          syntaxHighlighting(HIGHLIGHT),
          THEME,
          this.#language.of(sql({ dialect: DRIFT_SQL })),
        ],
      }),
    });
  }

  get text(): string {
    return this.#view.state.doc.toString();
  }

  set text(text: string) {
    this.#view.dispatch({
      changes: { from: 0, to: this.#view.state.doc.length, insert: text },
      selection: { anchor: text.length },
    });
  }

  get selection(): { readonly from: number; readonly to: number } {
    return this.#view.state.selection.main;
  }

  focus(): void {
    this.#view.focus();
  }

  closeCompletion(): void {
    closeCompletion(this.#view);
  }

  /** Completes these tables from now on; cheap while they are the same, as they are at most moments of a drag. */
  complete(tables: readonly TableInfo[]): void {
    const schema = Object.fromEntries(tables.map((table) => [table.name, table.columns.map((column) => column.name)]));
    const known = JSON.stringify(schema);
    if (known === this.#known) return;
    this.#known = known;
    this.#view.dispatch({
      effects: this.#language.reconfigure([
        sql({ dialect: DRIFT_SQL, schema: { ...schema, ...SYSTEM_TABLES }, upperCaseKeywords: true }),
        DRIFT_SQL.language.data.of({ autocomplete: columnSource(tables) }),
      ]),
    });
  }

  /** Marks an error at its place; none removes the mark. */
  mark(error: Mark | undefined): void {
    const length = this.#view.state.doc.length;
    const marks = error === undefined ? [] : [{ ...error, to: Math.min(length, error.to), severity: 'error' as const }];
    this.#view.dispatch(setDiagnostics(this.#view.state, marks));
  }
}
