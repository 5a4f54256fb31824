/** Looks of the dialog of branches, over those of the other dialog. */
import type { CSSResult } from 'lit';
import { css } from 'lit';

export const branchesStyles: CSSResult = css`
  dialog {
    width: min(640px, calc(100vw - 32px));
  }
  ul {
    display: grid;
    gap: 8px;
    margin: 8px 0 16px;
    padding: 0;
    list-style: none;
  }
  .branches li {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
  }
  .to {
    flex: 1 1 240px;
    display: grid;
    justify-content: start;
    gap: 0;
    min-height: 48px;
    padding: 4px 12px;
    text-align: left;
    white-space: normal;
    overflow-wrap: anywhere;
    line-height: 1.4;
  }
  .to .muted {
    font-size: 12px;
  }
  .to[aria-current='true'] {
    border-color: var(--accent);
    box-shadow: inset 3px 0 0 var(--accent);
  }
  .conflicts li {
    display: grid;
    gap: 4px;
    overflow-wrap: anywhere;
  }
  .conflicts button {
    max-width: 100%;
    white-space: normal;
  }
  code {
    font: 12px var(--mono);
  }
  form {
    padding: 16px 0 0;
    border-top: 1px solid var(--line);
  }
  form .row {
    flex-wrap: nowrap;
    margin-bottom: 8px;
  }
  form input {
    flex: 1;
  }
  form button {
    min-height: 40px;
  }
`;
