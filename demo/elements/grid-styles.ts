/** Looks of the result grid. */
import type { CSSResult } from 'lit';
import { css } from 'lit';

export const gridStyles: CSSResult = css`
  :host {
    display: grid;
    grid-template-rows: minmax(0, 1fr) auto;
    height: 100%;
    min-height: 0;
  }
  .whole {
    max-height: 112px;
    margin: 0;
    padding: 8px 16px;
    border-top: 1px solid var(--line);
    background: var(--surface);
    font: 12px/1.5 var(--mono);
    white-space: pre-wrap;
    overflow: auto;
    overflow-wrap: anywhere;
  }
  .opens {
    cursor: pointer;
  }
  .opens:hover {
    color: var(--accent);
    font-weight: 600;
    text-decoration: underline;
    text-underline-offset: 3px;
  }
  .scroller {
    min-height: 0;
    overflow: auto;
    font-variant-numeric: tabular-nums;
    font-size: 13px;
    contain: strict;
  }
  .scroller:focus-visible {
    outline-offset: -2px;
  }
  .row {
    display: grid;
    grid-template-columns: var(--columns);
    width: max-content;
    min-width: 100%;
    height: 32px;
    border-bottom: 1px solid var(--line);
    background: var(--surface);
  }
  .row:hover {
    background: var(--raised);
  }
  .headings,
  .headings:hover {
    position: sticky;
    top: 0;
    z-index: 2;
    background: var(--raised);
    font-weight: 600;
  }
  .cell,
  .number {
    padding: 0 12px;
    line-height: 31px;
    overflow: hidden;
    white-space: nowrap;
    text-overflow: ellipsis;
  }
  .value {
    white-space: pre;
  }
  .number {
    padding: 0 8px 0 4px;
    text-align: right;
    color: var(--ink-2);
    font-size: 11px;
  }
  .heading {
    position: relative;
  }
  .sorts {
    cursor: pointer;
    user-select: none;
  }
  .handle {
    position: absolute;
    right: 0;
    top: 6px;
    bottom: 6px;
    width: 9px;
    border-right: 1px solid var(--line-strong);
    cursor: col-resize;
    touch-action: none;
  }
  .right {
    text-align: right;
  }
  .null {
    color: var(--ink-2);
    font-size: 11px;
    font-style: italic;
  }
  .active {
    box-shadow: inset 0 0 0 1px var(--line-strong);
  }
  .scroller:focus .active {
    box-shadow: inset 0 0 0 2px var(--accent);
  }
  .row.added {
    background: var(--added);
  }
  .row.removed {
    background: var(--removed);
  }
  .row.removed .cell {
    text-decoration: line-through;
  }
  .cell.here {
    background: color-mix(in srgb, var(--accent) 14%, transparent);
    font-weight: 600;
  }
  .none {
    margin: 0;
    padding: 8px 16px;
    color: var(--ink-2);
    font-size: 13px;
  }
  .cell.changed {
    background: var(--changed);
    font-weight: 600;
  }
  .lit-a {
    animation: lit-a 900ms ease-out;
  }
  .lit-b {
    animation: lit-b 900ms ease-out;
  }
  @keyframes lit-a {
    from {
      background: var(--changed);
    }
  }
  @keyframes lit-b {
    from {
      background: var(--changed);
    }
  }
  @media (prefers-reduced-motion: reduce) {
    .lit-a,
    .lit-b {
      animation: none;
    }
  }
  .cell s {
    color: var(--ink-2);
    font-weight: 400;
  }
  .tag {
    font-size: 10px;
  }
  .space {
    position: relative;
    min-width: max-content;
  }
`;
