/**
 * Every example of the documentation runs and gives what the page says: the blocks of a page one after another, in one
 * database in memory. UPDATE_DOCS=1 writes the tables that are found into the pages; then look at the difference.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as engine from '../../src/entry/engine.ts';
import * as node from '../../src/entry/node.ts';
import { importsOf, parseJs, runJs } from './js-block.ts';
import { type Block, blocksOf, pages, readPage, ROOT } from './markdown.ts';
import { longForm, runStatement, shortForm, statementsOf } from './sql-block.ts';

const UPDATE = process.env['UPDATE_DOCS'] === '1';
/** Blocks that need a browser or a bundler, by page: only their syntax is read here. */
const NOT_RUN: Readonly<Record<string, number>> = { 'docs/api.md': 3 };

const directory = mkdtempSync(join(tmpdir(), 'drift-docs-'));
const before = process.cwd();

beforeAll(() => process.chdir(directory));
afterAll(() => {
  process.chdir(before);
  rmSync(directory, { recursive: true, force: true });
});

/** One page's database: that which a block has opened last as `db`, else one in memory. */
class Page {
  readonly #opened: node.Database[] = [];
  #db: node.Database | null = null;

  readonly open = async (...parameters: Parameters<typeof node.open>): Promise<node.Database> => {
    const db = await node.open(...parameters);
    this.#opened.push(db);
    return db;
  };

  async db(): Promise<node.Database> {
    this.#db ??= await this.open('memory://');
    return this.#db;
  }

  async sql(block: Block, expected: Block | undefined): Promise<string | undefined> {
    const db = await this.db();
    const rest = [];
    for (const statement of statementsOf(block.text)) {
      const outcome = await runStatement(db, statement);
      if (statement.expected !== null) expect(shortForm(outcome), statement.sql).toEqual(statement.expected);
      else if (expected === undefined && outcome.error !== null) throw outcome.error;
      else rest.push(outcome);
    }
    return expected === undefined ? undefined : longForm(rest);
  }

  async js(block: Block): Promise<void> {
    const modules: Record<string, object> = {
      'driftdb-web': { ...node, open: this.open },
      'driftdb-web/engine': engine,
    };
    for (const name of importsOf(block.text)) modules[name] ??= (await import(name)) as object;
    const { checks, db } = await runJs(block.text, modules, { db: await this.db(), ...modules['driftdb-web'] });
    for (const { expected, found } of checks) expect(found).toBe(expected);
    if (db instanceof node.Database) this.#db = db;
  }

  async close(): Promise<void> {
    for (const db of this.#opened) await db.close();
  }
}

for (const name of pages()) {
  describe(name, () => {
    const text = readPage(name);
    const blocks = blocksOf(text);
    const page = new Page();
    const found: { readonly block: Block; readonly text: string }[] = [];
    afterAll(async () => {
      await page.close();
      if (UPDATE && found.length > 0) writeFileSync(join(ROOT, name), replaced(text, found));
    });

    blocks.forEach((block, i) => {
      const next = blocks[i + 1];
      const expected = next?.language === 'text' && onlySpace(text.slice(block.end + 3, next.start)) ? next : undefined;
      const title = `line ${block.line}: ${(block.text.split('\n')[0] ?? '').slice(0, 70)}`;
      if (block.language === 'sql') {
        test(title, async () => {
          const answer = await page.sql(block, expected);
          if (expected === undefined || answer === undefined) return;
          if (UPDATE) found.push({ block: expected, text: answer });
          else expect(answer).toBe(expected.text);
        });
      } else if (block.language === 'js' && block.note === '') {
        test(title, () => page.js(block));
      } else if (block.language === 'js') {
        test(`${title} (not run here: ${block.note})`, () => {
          expect(parseJs(block.text).length).toBeGreaterThan(0);
        });
      }
    });

    test('blocks that do not run here are known', () => {
      const notRun = blocks.filter(({ language, note }) => language === 'js' && note !== '');
      expect(notRun.map(({ note }) => note)).toEqual(notRun.map(() => 'browser'));
      expect(notRun.length).toBe(NOT_RUN[name] ?? 0);
    });
  });
}

/** Whether nothing but the fence's own line lies between two blocks. */
function onlySpace(between: string): boolean {
  return between.trim() === '```text';
}

function replaced(page: string, changes: readonly { readonly block: Block; readonly text: string }[]): string {
  let out = '';
  let at = 0;
  for (const { block, text } of changes) {
    out += page.slice(at, block.start) + text;
    at = block.end;
  }
  return out + page.slice(at);
}
