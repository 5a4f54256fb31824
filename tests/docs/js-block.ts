/**
 * Runs a js block as an async function: its imports become lookups in a table of modules, and each statement that a
 * comment `// → value` follows hands its value to a check. A value is printed as Node prints it; white space does not
 * count. `// → DriftError 42P01: …` says that the statement throws.
 */
import { runInThisContext } from 'node:vm';
import { inspect } from 'node:util';
import { parseAst } from 'vite';
import { DriftError } from '../../src/entry/node.ts';

export interface Check {
  readonly expected: string;
  readonly found: string;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly source?: { readonly value: string };
  readonly specifiers?: readonly {
    readonly imported: { readonly name: string };
    readonly local: { readonly name: string };
  }[];
  readonly declarations?: readonly { readonly id: Pattern }[];
  readonly expression?: Node;
}

interface Pattern {
  readonly type: string;
  readonly name?: string;
  readonly properties?: readonly { readonly value: { readonly name: string } }[];
}

export type Modules = Readonly<Record<string, object>>;

/** Throws SyntaxError where the text is no module. */
export function parseJs(text: string): readonly Node[] {
  return (parseAst(text) as unknown as { body: readonly Node[] }).body;
}

/** Modules that the block imports. */
export function importsOf(text: string): string[] {
  return parseJs(text).flatMap(({ source }) => (source === undefined ? [] : [source.value]));
}

/** Runs the block with `names` in scope, `db` among them; returns what it expected and found, and its `db` at the end. */
export async function runJs(
  text: string,
  modules: Modules,
  names: Readonly<Record<string, unknown>>,
): Promise<{ readonly checks: readonly Check[]; readonly db: unknown }> {
  const checks: Check[] = [];
  const check = async (value: () => unknown, expected: string): Promise<void> => {
    checks.push({ expected: normal(expected), found: normal(await printed(value)) });
  };
  // The block in a scope of its own: it may declare what it is given.
  const source = `(async (__modules, __check, { ${Object.keys(names).join(', ')} }) => {{
${rewritten(text)}
; return db;
}})`;
  const run = runInThisContext(source) as (...parameters: unknown[]) => Promise<unknown>;
  return { db: await run(modules, check, names), checks };
}

/** The text with its imports and expectations made code. */
function rewritten(text: string): string {
  const body = parseJs(text);
  let out = '';
  let at = 0;
  body.forEach((node, i) => {
    out += text.slice(at, node.start);
    at = node.end;
    const code = text.slice(node.start, node.end);
    const expected = expectation(text.slice(node.end, body[i + 1]?.start ?? text.length));
    if (node.type === 'ImportDeclaration') out += importCode(node);
    else if (expected === null) out += code;
    else if (node.type === 'ExpressionStatement') {
      const { start, end } = node.expression ?? node;
      out += `await __check(async () => (${text.slice(start, end)}), ${JSON.stringify(expected)});`;
    } else {
      const names = declared(node);
      const value = names.length === 1 ? names[0] : `{ ${names.join(', ')} }`;
      if (names.length === 0) throw new Error(`a value is expected of: ${code}`);
      out += `${code} await __check(async () => (${value}), ${JSON.stringify(expected)});`;
    }
  });
  return out + text.slice(at);
}

/** The value that comments between two statements name; lines that go on begin with `//  `. */
function expectation(between: string): string | null {
  const lines = between.split('\n').map((line) => line.trim());
  const first = lines.findIndex((line) => line.startsWith('// →'));
  if (first < 0) return null;
  const found = [(lines[first] as string).slice('// →'.length)];
  for (const line of lines.slice(first + 1)) {
    if (!line.startsWith('//  ')) break;
    found.push(line.slice(2));
  }
  return found.join(' ');
}

function declared({ declarations = [] }: Node): string[] {
  return declarations.flatMap(({ id }) =>
    id.type === 'Identifier' ? [id.name ?? ''] : (id.properties ?? []).map(({ value }) => value.name),
  );
}

function importCode({ specifiers = [], source }: Node): string {
  const names = specifiers.map(({ imported, local }) => `${imported.name}: ${local.name}`);
  return `const { ${names.join(', ')} } = __modules[${JSON.stringify(source?.value)}];`;
}

async function printed(value: () => unknown): Promise<string> {
  try {
    return inspect(await value(), { depth: 8, maxArrayLength: 50 });
  } catch (error) {
    if (error instanceof DriftError) return `DriftError ${error.code}: ${error.message}`;
    throw error;
  }
}

function normal(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
