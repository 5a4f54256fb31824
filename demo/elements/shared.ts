/**
 * What the elements have in common: the base class that follows the console's state, shared styles, and the two
 * directives' worth of glue that a strict Content-Security-Policy asks for.
 *
 * Under `default-src 'self'` a style attribute in markup is ignored. Styles come from adopted style sheets, and what is
 * computed at run time goes through the CSSOM (`properties`), which the policy allows.
 */
import type { CSSResult, CSSResultGroup } from 'lit';
import { css, LitElement, nothing } from 'lit';
import type { DirectiveResult, ElementPart } from 'lit/directive.js';
import { Directive, directive } from 'lit/directive.js';
import type { ConsoleState } from '../state/console-state.ts';

/** An element that renders again whenever the console's state changes. Set `state` before it is connected. */
export class ConsoleElement extends LitElement {
  static override styles: CSSResultGroup = [];
  #state: ConsoleState | undefined;
  readonly #update = (): void => this.requestUpdate();

  get state(): ConsoleState {
    if (this.#state === undefined) throw new Error(`${this.localName} has no state`);
    return this.#state;
  }

  set state(state: ConsoleState) {
    if (state === this.#state) return;
    this.#state?.removeEventListener('change', this.#update);
    this.#state = state;
    if (this.isConnected) state.addEventListener('change', this.#update);
    this.requestUpdate();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#state?.addEventListener('change', this.#update);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#state?.removeEventListener('change', this.#update);
  }
}

class PropertiesDirective extends Directive {
  override render(_properties: Readonly<Record<string, string>>): symbol {
    return nothing;
  }

  override update(part: ElementPart, [properties]: [Readonly<Record<string, string>>]): symbol {
    const { style } = part.element as HTMLElement;
    for (const [name, value] of Object.entries(properties)) style.setProperty(name, value);
    return nothing;
  }
}

const propertiesDirective = directive(PropertiesDirective);

/** Sets CSS properties of the element it is written in: `<div ${properties({ '--x': '3px' })}>`. */
export function properties(values: Readonly<Record<string, string>>): DirectiveResult {
  return propertiesDirective(values);
}

export const shared: CSSResult = css`
  :host {
    display: block;
    box-sizing: border-box;
    min-width: 0;
  }
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  button,
  select,
  input {
    font: inherit;
    color: inherit;
  }
  button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 8px;
    min-height: 32px;
    padding: 0 12px;
    border: 1px solid var(--line);
    border-radius: var(--radius);
    background: var(--surface);
    cursor: pointer;
    white-space: nowrap;
  }
  button:hover:not(:disabled) {
    border-color: var(--line-strong);
  }
  button:disabled {
    opacity: 0.45;
    cursor: default;
  }
  button.primary {
    background: var(--accent);
    border-color: var(--accent);
    color: var(--on-accent);
    font-weight: 600;
  }
  button.quiet {
    background: none;
    border-color: transparent;
  }
  button.icon {
    width: 32px;
    padding: 0;
  }
  button svg {
    width: 16px;
    height: 16px;
    fill: currentColor;
  }
  :focus-visible {
    outline: 2px solid var(--accent);
    outline-offset: 1px;
  }
  .muted {
    color: var(--ink-2);
  }
  .empty {
    padding: 32px 24px;
    color: var(--ink-2);
    max-width: 56ch;
  }
  .error {
    color: var(--error);
  }
  kbd {
    font: 12px var(--mono);
    padding: 1px 5px;
    border: 1px solid var(--line);
    border-radius: 4px;
    background: var(--raised);
  }
`;
