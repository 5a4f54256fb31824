/** Looks of the time line. */
import type { CSSResult } from 'lit';
import { css } from 'lit';

export const timelineStyles: CSSResult = css`
  :host {
    display: grid;
    grid-template-columns: 264px minmax(0, 1fr) auto;
    align-items: center;
    gap: 16px;
    padding: 8px 16px;
    border-bottom: 1px solid var(--line);
    background: var(--surface);
    box-shadow: inset 0 2px 0 var(--accent);
  }
  .where {
    min-width: 0;
  }
  .date {
    font-size: 24px;
    line-height: 32px;
    font-weight: 650;
    letter-spacing: -0.02em;
    color: var(--accent);
    font-variant-numeric: tabular-nums;
  }
  .commit {
    height: 40px;
    line-height: 20px;
    overflow: hidden;
    font-size: 13px;
    overflow-wrap: anywhere;
  }
  .seq {
    font: 12px var(--mono);
    color: var(--ink-2);
  }
  .what,
  .by {
    display: block;
    white-space: nowrap;
    overflow: hidden;
    text-overflow: ellipsis;
  }
  .strip {
    position: relative;
    height: calc(72px + var(--below, 0px));
    cursor: ew-resize;
    touch-action: none;
    border-radius: var(--radius);
    user-select: none;
  }
  .at {
    position: absolute;
    top: 0;
    width: 1px;
    height: 56px;
    background: var(--line-strong);
    transform: translateX(var(--x));
    pointer-events: none;
  }
  .nudge {
    position: absolute;
    z-index: 2;
    top: 14px;
    right: 32px;
    padding: 4px 12px;
    border-radius: var(--radius);
    background: var(--ink);
    color: var(--paper);
    font-size: 13px;
    pointer-events: none;
  }
  .nudge::before {
    content: '';
    position: absolute;
    top: 9px;
    right: -6px;
    border: solid transparent;
    border-width: 6px 0 6px 6px;
    border-left-color: var(--ink);
  }
  .tip {
    position: absolute;
    z-index: 5;
    top: calc(76px + var(--below, 0px));
    left: var(--x);
    width: 240px;
    padding: 8px 12px;
    border: 1px solid var(--line);
    border-radius: var(--radius);
    background: var(--surface);
    box-shadow: 0 6px 20px rgb(0 0 0 / 0.14);
    font-size: 12px;
    overflow-wrap: anywhere;
    pointer-events: none;
  }
  svg {
    display: block;
  }
  .strip svg {
    position: absolute;
    inset: 0;
  }
  .bars {
    fill: var(--accent);
  }
  .bars.future {
    fill: var(--line);
  }
  text {
    font: 11px var(--sans);
    fill: var(--ink-2);
  }
  .on {
    font-size: 13px;
    line-height: 20px;
    white-space: nowrap;
    overflow: hidden;
    text-overflow: ellipsis;
  }
  .lane {
    cursor: pointer;
  }
  .lane rect {
    fill: transparent;
  }
  .lane path {
    fill: none;
    stroke: var(--line-strong);
    stroke-width: 1.5;
  }
  .lane .merge {
    stroke-dasharray: 3 2;
  }
  .lane circle {
    fill: var(--surface);
    stroke: var(--ink-2);
    stroke-width: 1.5;
  }
  .lane text {
    font-weight: 600;
    paint-order: stroke;
    stroke: var(--surface);
    stroke-width: 4px;
  }
  .lane:hover text {
    fill: var(--ink);
    text-decoration: underline;
  }
  .flag {
    fill: var(--ink);
    stroke: var(--ink);
    stroke-width: 1;
  }
  .name {
    font-weight: 600;
    fill: var(--ink);
    paint-order: stroke;
    stroke: var(--surface);
    stroke-width: 4px;
  }
  form {
    display: flex;
    gap: 8px;
    height: 40px;
    align-items: center;
  }
  input {
    width: 100%;
    min-width: 0;
    height: 32px;
    padding: 0 8px;
    border: 1px solid var(--line-strong);
    border-radius: var(--radius);
    background: var(--surface);
  }
  .head {
    position: absolute;
    top: 0;
    left: -1px;
    width: 2px;
    height: 56px;
    background: var(--ink);
    transform: translateX(var(--x));
    pointer-events: none;
  }
  .head::after {
    content: '';
    position: absolute;
    left: -5px;
    top: 0;
    width: 12px;
    height: 12px;
    border-radius: 50%;
    background: var(--accent);
    border: 2px solid var(--surface);
    box-shadow: 0 0 0 1px var(--ink);
  }
  .controls {
    display: flex;
    gap: 6px;
  }
  .now {
    width: 64px;
  }
  .spacing {
    width: 96px;
  }
  select {
    height: 32px;
    border: 1px solid var(--line);
    border-radius: var(--radius);
    background: var(--surface);
  }
  @media (max-width: 1000px) {
    :host {
      grid-template-columns: minmax(0, 1fr) auto;
      gap: 0 8px;
    }
    .strip {
      grid-column: 1 / -1;
      grid-row: 2;
    }
    .controls {
      grid-row: 1;
      grid-column: 2;
      align-self: start;
    }
  }
  @media (max-width: 720px) {
    :host {
      padding: 8px;
    }
    .date {
      font-size: 20px;
      line-height: 24px;
    }
    .controls select,
    .controls .optional {
      display: none;
    }
    .controls button {
      min-height: 40px;
      min-width: 40px;
    }
  }
`;
