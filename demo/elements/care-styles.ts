/** Looks of the dialog about a database as a whole. */
import type { CSSResult } from 'lit';
import { css } from 'lit';

export const careStyles: CSSResult = css`
  :host {
    display: contents;
  }
  dialog {
    width: min(480px, calc(100vw - 32px));
    max-height: calc(100dvh - 32px);
    padding: 24px;
    overflow: auto;
    border: 1px solid var(--line-strong);
    border-radius: 12px;
    background: var(--surface);
    color: var(--ink);
    font-size: 14px;
  }
  dialog::backdrop {
    background: color-mix(in srgb, #000 45%, transparent);
  }
  h2 {
    margin: 0 0 8px;
    font-size: 18px;
    letter-spacing: -0.01em;
    overflow-wrap: anywhere;
  }
  h3 {
    margin: 0 0 4px;
    font-size: 14px;
  }
  p {
    margin: 0 0 12px;
    line-height: 1.5;
  }
  p:empty {
    display: none;
  }
  section,
  section + form {
    padding: 16px 0;
    border-top: 1px solid var(--line);
  }
  label {
    display: grid;
    gap: 4px;
    margin-bottom: 12px;
    font-size: 13px;
    color: var(--ink-2);
  }
  input {
    height: 40px;
    min-width: 0;
    padding: 0 10px;
    border: 1px solid var(--line-strong);
    border-radius: var(--radius);
    background: var(--paper);
    color: var(--ink);
    font-size: 16px;
  }
  .row,
  footer {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
  }
  footer {
    justify-content: flex-end;
    margin-top: 8px;
  }
  [role='status'] {
    margin-top: 12px;
  }
  .problems {
    max-height: 200px;
    margin: 0 0 12px;
    padding: 0 0 0 20px;
    overflow: auto;
    font-size: 13px;
    line-height: 1.5;
    overflow-wrap: anywhere;
  }
  @media (max-width: 720px) {
    dialog {
      padding: 16px;
    }
    button {
      min-height: 44px;
    }
  }
`;
