/** Layout of the console: areas of one grid on wide screens, one area at a time on a phone. */
import type { CSSResult } from 'lit';
import { css } from 'lit';

export const consoleStyles: CSSResult = css`
  :host {
    height: 100%;
  }
  .page {
    height: 100%;
    display: grid;
    grid-template-columns: 256px minmax(0, 1fr);
    grid-template-rows: 48px auto auto var(--editor, minmax(168px, 28%)) minmax(0, 1fr) auto;
    grid-template-areas: 'top top' 'time time' 'failure failure' 'schema editor' 'schema result' 'status status';
  }
  .page.dragging::after {
    content: 'Drop a CSV or JSON file to make a table, a .drift file to open a database';
    position: fixed;
    z-index: 10;
    inset: 12px;
    display: grid;
    place-items: center;
    padding: 24px;
    border: 2px dashed var(--accent);
    border-radius: 12px;
    background: color-mix(in srgb, var(--paper) 88%, transparent);
    color: var(--accent);
    font-size: 18px;
    font-weight: 600;
    text-align: center;
    pointer-events: none;
  }
  header {
    grid-area: top;
    display: flex;
    align-items: center;
    gap: 8px;
    padding: 0 16px;
    min-width: 0;
  }
  .brand {
    display: inline-flex;
    align-items: center;
    gap: 8px;
    margin: 0 8px 0 -12px;
    font-weight: 700;
    letter-spacing: -0.01em;
  }
  .brand svg {
    width: 24px;
    height: 24px;
    fill: #fff;
  }
  .brand rect {
    fill: #0b6e66;
  }
  .brand .rule {
    fill: #f2ac52;
  }
  header select {
    height: 32px;
    min-width: 0;
    padding: 0 8px;
    border: 1px solid var(--line);
    border-radius: var(--radius);
    background: var(--surface);
  }
  .source {
    font-size: 12px;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .gap {
    flex: 1;
  }
  header > button:last-child {
    margin-left: auto;
  }
  .file {
    position: relative;
    display: inline-flex;
    align-items: center;
    height: 32px;
    padding: 0 12px;
    border-radius: var(--radius);
    cursor: pointer;
    white-space: nowrap;
  }
  .file input {
    position: absolute;
    inset: 0;
    opacity: 0;
    cursor: pointer;
    width: 100%;
  }
  .file:focus-within {
    outline: 2px solid var(--accent);
  }
  .file:hover,
  .download:hover {
    background: var(--raised);
  }
  drift-welcome {
    grid-row: 2 / -1;
    grid-column: 1 / -1;
  }
  drift-timeline {
    grid-area: time;
    border-top: 1px solid var(--line);
  }
  .failure {
    grid-area: failure;
    margin: 0;
    padding: 4px 16px;
    background: var(--removed);
    color: var(--error);
    font-size: 13px;
  }
  drift-schema {
    grid-area: schema;
    border-right: 1px solid var(--line);
    min-height: 0;
  }
  drift-editor {
    grid-area: editor;
    border-bottom: 1px solid var(--line);
  }
  drift-splitter {
    grid-area: editor;
  }
  .result {
    position: relative;
    grid-area: result;
    display: grid;
    grid-template-rows: 40px minmax(0, 1fr);
    min-height: 0;
    min-width: 0;
  }
  .tabs {
    display: flex;
    gap: 4px;
    padding: 0 12px;
    border-bottom: 1px solid var(--line);
    overflow-x: auto;
    scrollbar-width: none;
  }
  .tabs button {
    min-height: 40px;
    padding: 0 10px;
    border: 0;
    border-bottom: 2px solid transparent;
    border-radius: 0;
    background: none;
    color: var(--ink-2);
    font-size: 13px;
  }
  .tabs .save {
    margin-left: auto;
  }
  .tabs button:focus-visible {
    outline-offset: -3px;
  }
  .tabs button[aria-selected='true'] {
    color: var(--ink);
    border-bottom-color: var(--accent);
    font-weight: 600;
  }
  .panel {
    min-height: 0;
    min-width: 0;
    overflow: hidden;
  }
  .blamed {
    display: grid;
    grid-template-rows: minmax(0, 1fr) auto;
    height: 100%;
  }
  drift-status {
    grid-area: status;
  }
  nav {
    display: none;
  }
  @media (max-width: 720px) {
    .page {
      grid-template-columns: minmax(0, 1fr);
      grid-template-rows: 48px auto auto minmax(0, 1fr) auto auto;
      grid-template-areas: 'top' 'time' 'failure' 'main' 'status' 'nav';
    }
    header {
      padding: 0 8px;
    }
    header select {
      font-size: 16px;
      flex: 1 1 200px;
    }
    .gap {
      display: none;
    }
    .brand {
      font-size: 0;
      gap: 0;
    }
    .file {
      height: 44px;
      padding: 0 8px;
    }
    .source,
    .download {
      display: none;
    }
    drift-splitter {
      display: none;
    }
    drift-schema,
    drift-editor,
    .result {
      grid-area: main;
      display: none;
      border: 0;
    }
    [data-view='schema'] drift-schema {
      display: block;
    }
    [data-view='query'] drift-editor,
    [data-view='result'] .result {
      display: grid;
    }
    nav {
      grid-area: nav;
      display: grid;
      grid-template-columns: repeat(3, 1fr);
      border-top: 1px solid var(--line);
      background: var(--surface);
      padding-bottom: env(safe-area-inset-bottom);
    }
    nav button {
      min-height: 48px;
      border: 0;
      border-radius: 0;
      background: none;
      color: var(--ink-2);
    }
    nav button[aria-pressed='true'] {
      color: var(--accent);
      font-weight: 650;
      box-shadow: inset 0 2px 0 var(--accent);
    }
  }
`;
