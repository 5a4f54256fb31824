/**
 * The line between editor and result: dragged, or moved by arrow keys, it gives the editor another height, which stays.
 * The height is the custom property `--editor` of the element's parent.
 */
import type { CSSResultGroup, TemplateResult } from 'lit';
import { css, html, LitElement } from 'lit';

const KEY = 'drift.editor';
const [LEAST, LEAST_LEFT, STEP] = [96, 160, 24];

export class DriftSplitter extends LitElement {
  static override styles: CSSResultGroup = sheet();

  override connectedCallback(): void {
    super.connectedCallback();
    this.setAttribute('role', 'separator');
    this.setAttribute('aria-orientation', 'horizontal');
    this.setAttribute('aria-label', 'Height of the editor');
    this.tabIndex = 0;
    const stored = Number(localStorage.getItem(KEY) ?? NaN);
    if (Number.isFinite(stored)) this.#set(stored);
  }

  constructor() {
    super();
    this.addEventListener('pointerdown', this.#drag);
    this.addEventListener('keydown', this.#key);
  }

  override render(): TemplateResult {
    return html`<span></span>`;
  }

  get #editor(): HTMLElement | null {
    return this.parentElement?.querySelector<HTMLElement>('drift-editor') ?? null;
  }

  readonly #drag = (event: PointerEvent): void => {
    event.preventDefault();
    this.setPointerCapture(event.pointerId);
    const from = (this.#editor?.offsetHeight ?? 0) - event.clientY;
    this.onpointermove = (move) => this.#set(from + move.clientY);
    this.onpointerup = () => (this.onpointermove = null);
  };

  readonly #key = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowDown' ? STEP : event.key === 'ArrowUp' ? -STEP : 0;
    if (step === 0) return;
    event.preventDefault();
    this.#set((this.#editor?.offsetHeight ?? 0) + step);
  };

  #set(height: number): void {
    const parent = this.parentElement;
    if (parent === null) return;
    const most = Math.max(LEAST, innerHeight - 240 - LEAST_LEFT);
    const chosen = Math.round(Math.max(LEAST, Math.min(most, height)));
    parent.style.setProperty('--editor', `${chosen}px`);
    localStorage.setItem(KEY, String(chosen));
  }
}

function sheet(): CSSResultGroup {
  return css`
    :host {
      position: relative;
      z-index: 3;
      display: block;
      height: 9px;
      margin-bottom: -5px;
      align-self: end;
      cursor: row-resize;
      touch-action: none;
      outline: none;
    }
    span {
      position: absolute;
      inset: 3px 0 auto;
      height: 2px;
    }
    :host(:hover) span,
    :host(:focus-visible) span {
      background: var(--accent);
    }
  `;
}

customElements.define('drift-splitter', DriftSplitter);
