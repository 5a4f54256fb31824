/** Looks of what is kept of each table's history. */
import type { CSSResult } from 'lit';
import { css } from 'lit';

export const keptStyles: CSSResult = css`
  :host {
    height: 100%;
    padding: 0 16px;
    overflow: auto;
    font-size: 13px;
  }
  p {
    margin: 8px 0;
  }
  p:empty {
    display: none;
  }
  ul {
    margin: 0;
    padding: 0;
    list-style: none;
  }
  li {
    padding: 12px 0;
    border-bottom: 1px solid var(--line);
  }
  h3 {
    margin: 0 0 4px;
    font: 600 13px var(--mono);
  }
  dl {
    display: flex;
    flex-wrap: wrap;
    gap: 4px 32px;
    margin: 0 0 8px;
  }
  dt {
    font-size: 12px;
    color: var(--ink-2);
  }
  dd {
    margin: 0;
    overflow-wrap: anywhere;
  }
  .row,
  label {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 8px;
  }
  select {
    height: 32px;
    padding: 0 8px;
    border: 1px solid var(--line);
    border-radius: var(--radius);
    background: var(--surface);
  }
  .asked {
    margin-top: 8px;
    padding: 4px 12px 12px;
    border-radius: var(--radius);
    background: var(--removed);
  }
  .danger {
    border-color: var(--error);
    color: var(--error);
    font-weight: 600;
  }
  @media (max-width: 720px) {
    :host {
      padding: 0 8px;
    }
    button,
    select {
      min-height: 44px;
      font-size: 16px;
    }
  }
`;
