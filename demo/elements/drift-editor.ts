/**
 * The SQL editor: PostgreSQL's dialect, completion from the tables of the shown moment, and the engine's errors as marks
 * at their place. Mod-Enter runs the selection or the statement under the cursor.
 */
import type { CSSResultGroup, TemplateResult } from 'lit';
import { css, html } from 'lit';
import { splitStatements, statementAt } from '../sql/statements.ts';
import { keepPlace } from '../state/place.ts';
import type { Outcome } from '../state/shown.ts';
import type { CodeEditor, Mark } from './code-editor.ts';
import { ConsoleElement, shared } from './shared.ts';

export class DriftEditor extends ConsoleElement {
  static override styles: CSSResultGroup = [shared, sheet()];

  #code: CodeEditor | undefined;
  /** The text while there is no editor to hold it yet. */
  #text = '';
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
    void this.#load();
  }

  override updated(): void {
    const { tables, outcome } = this.state;
    this.#code?.complete(tables);
    if (this.#code === undefined || outcome === this.#markedFor) return;
    this.#markedFor = outcome;
    this.#code.mark(markOf(outcome, this.#code.text));
  }

  get text(): string {
    return this.#code?.text ?? this.#text;
  }

  set text(text: string) {
    if (this.#code === undefined) this.#text = text;
    else this.#code.text = text;
  }

  override focus(): void {
    this.#code?.focus();
  }

  /** Runs the selection, or the statement under the cursor. */
  run(): void {
    if (this.#code === undefined || this.state.busy) return;
    this.dispatchEvent(new Event('run', { bubbles: true, composed: true }));
    this.#code.closeCompletion();
    const { from, to } = this.#code.selection;
    const text = this.text;
    if (from !== to) return void this.state.run(text.slice(from, to), from);
    // A script that was not touched since it came from an example runs whole when the cursor is behind it.
    const atEnd = from >= text.trimEnd().length;
    const statement = statementAt(text, from);
    if (atEnd && splitStatements(text).length > 1) void this.state.run(text);
    else if (statement !== undefined) void this.state.run(statement.text, statement.from);
  }

  async #load(): Promise<void> {
    const { CodeEditor } = await import('./code-editor.ts');
    const parent = this.renderRoot.querySelector('.editor');
    if (parent === null) return;
    this.#code = new CodeEditor(parent, this.renderRoot as ShadowRoot, {
      run: () => this.run(),
      changed: (text) => {
        const name = this.state.dataSet?.name;
        if (name !== undefined) keepPlace(name, { text });
      },
    });
    if (this.#text !== '') this.#code.text = this.#text;
    this.requestUpdate();
  }
}

/** Where the error points, as far as its word goes. */
function markOf(outcome: Outcome | undefined, text: string): Mark | undefined {
  const error = outcome?.error;
  if (outcome === undefined || error === undefined || error.position === 0) return undefined;
  const from = Math.min(text.length, outcome.offset + error.position - 1);
  const word = /^[\w$."]+/.exec(text.slice(from))?.[0] ?? '';
  const message = [error.message, error.detail, error.hint].filter((part) => part !== '').join('\n');
  return { from, to: from + Math.max(1, word.length), message };
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
