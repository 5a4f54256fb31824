/** Looks of the differences between two moments. */
import type { CSSResult } from 'lit';
import { css } from 'lit';

export const diffStyles: CSSResult = css`
  :host {
    display: flex;
    flex-direction: column;
    height: 100%;
  }
  .ends,
  .tables {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 8px;
    padding: 8px 16px;
  }
  .ends {
    font-size: 13px;
  }
  label {
    display: flex;
    align-items: center;
    gap: 8px;
    min-width: 0;
  }
  select {
    width: 240px;
    min-width: 0;
    height: 32px;
    padding: 0 8px;
    border: 1px solid var(--line);
    border-radius: var(--radius);
    background: var(--surface);
  }
  .tables {
    max-height: 96px;
    padding-top: 0;
    overflow: auto;
  }
  .tables button[aria-pressed='true'] {
    border-color: var(--accent);
    box-shadow: inset 0 -2px 0 var(--accent);
  }
  .definition {
    margin: 0;
    padding: 0 16px 8px;
    font-size: 13px;
  }
  .chip {
    padding: 0 6px;
    border-radius: 4px;
    background: var(--raised);
    font-size: 12px;
    line-height: 20px;
  }
  .changed {
    background: var(--changed);
  }
  .added {
    background: var(--added);
  }
  .removed {
    background: var(--removed);
  }
  drift-grid {
    flex: 1;
    min-height: 0;
  }
  @media (max-width: 720px) {
    .ends,
    .tables {
      padding: 8px;
    }
    label {
      flex: 1 1 45%;
    }
    select {
      flex: 1;
      height: 44px;
      font-size: 16px;
    }
    button {
      min-height: 44px;
    }
  }
`;
