/** Texts of a statement with one thing cut out of its syntax tree, larger cuts first. */
import type { Statement } from '../../../src/sql/ast-statement.ts';
import { parseOne } from '../../../src/sql/parser/parser.ts';
import { printStatement } from '../../../src/sql/parser/print.ts';

/** Only rows of an INSERT's VALUES are cut where `rowsOnly`. */
export function* smaller(sql: string, rowsOnly = false): Generator<string> {
  let tree: Statement;
  try {
    tree = parseOne(sql);
  } catch {
    return;
  }
  if (rowsOnly && tree.kind !== 'insert') return;
  const seen = new Set<string>([sql]);
  for (const variant of variants(tree, rowsOnly)) {
    let text: string;
    try {
      text = printStatement(variant as Parameters<typeof printStatement>[0]);
    } catch {
      continue;
    }
    if (text.length >= sql.length + 8 || seen.has(text)) continue;
    seen.add(text);
    yield text;
  }
}

const NULL_LITERAL = { kind: 'null', position: 0 };

function isNode(value: unknown): value is Record<string, unknown> & { kind: string } {
  return typeof value === 'object' && value !== null && 'kind' in value;
}

/** Trees with one cut, larger cuts first. */
function* variants(value: unknown, rowsOnly: boolean): Generator {
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    const half = items.length >> 1;
    if (half > 1) {
      yield items.slice(0, half);
      yield items.slice(half);
    }
    if (!rowsOnly || items.every(Array.isArray)) for (let i = 0; i < items.length; i++) yield items.toSpliced(i, 1);
    for (const [i, item] of items.entries()) {
      // One side of a join in place of it.
      if (isNode(item) && item.kind === 'join')
        for (const side of [item['left'], item['right']]) yield items.with(i, side);
      for (const variant of variants(item, rowsOnly)) yield items.with(i, variant);
    }
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, child] of Object.entries(value)) {
    if (typeof child !== 'object' || child === null) continue;
    const put = (replacement: unknown): object => ({ ...value, [key]: replacement });
    if (!rowsOnly) {
      yield put(undefined);
      if (Array.isArray(child)) yield put([]);
      if (isNode(child)) {
        for (const inner of descendants(child, 3)) yield put(inner);
        yield put(NULL_LITERAL);
      }
    }
    for (const variant of variants(child, rowsOnly)) yield put(variant);
  }
}

function* descendants(node: unknown, depth: number): Generator {
  if (depth === 0 || typeof node !== 'object' || node === null) return;
  for (const child of Object.values(node)) {
    if (isNode(child)) yield child;
    yield* descendants(child, isNode(child) ? depth - 1 : depth);
  }
}
