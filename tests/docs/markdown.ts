/**
 * The pages of the documentation as blocks: what is fenced, where it stands, and what is said to come out of it.
 *
 *     ```sql             run; `-- → cells | of | a | row` after a statement is what it gives, a line a row
 *     ```text            behind a sql block: what its other statements give, as aligned tables
 *     ```js              run; `// → value` after a statement is its value as Node prints it
 *     ```js browser      not run: needs a browser or a bundler (only read, for its syntax)
 *
 * Other languages (sh, json, html …) are not looked at.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface Block {
  /** `sql`, `js`, `text` …, without what follows. */
  readonly language: string;
  /** What follows the language on the fence. */
  readonly note: string;
  readonly text: string;
  /** Line of the opening fence, from 1. */
  readonly line: number;
  /** Where the text lies in the page. */
  readonly start: number;
  readonly end: number;
}

/** README and docs, relative to the repository. */
export function pages(): string[] {
  const docs = readdirSync(`${ROOT}/docs`).filter((name) => name.endsWith('.md'));
  return ['README.md', ...docs.toSorted().map((name) => `docs/${name}`)];
}

export function readPage(page: string): string {
  return readFileSync(`${ROOT}/${page}`, 'utf8');
}

/** Throws where a fence is not closed. */
export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  let open: { language: string; note: string; line: number; start: number } | null = null;
  let offset = 0;
  markdown.split('\n').forEach((text, i) => {
    if (text.startsWith('```')) {
      if (open === null) {
        const [language = '', ...note] = text.slice(3).trim().split(' ');
        open = { language, note: note.join(' '), line: i + 1, start: offset + text.length + 1 };
      } else {
        blocks.push({ ...open, text: markdown.slice(open.start, offset), end: offset });
        open = null;
      }
    }
    offset += text.length + 1;
  });
  if (open !== null) throw new Error(`the block at line ${(open as { line: number }).line} is not closed`);
  return blocks;
}
