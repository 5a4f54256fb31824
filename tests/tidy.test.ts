/**
 * The order of the tree: which layer may import which, no cycles, packages and host calls where they belong, file
 * lengths, head comments. What these rules list as exceptions may only shrink.
 *
 * Files are read as text; comments, strings and templates are blanked before code is searched. Lint looks after the
 * rest (no `any`, no `!`).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** From the bottom up: a file imports from its own layer and from those before it (a test from anywhere). */
const LAYERS = [
  'base',
  'storage',
  'log',
  'segment',
  'catalog',
  'table',
  'txn',
  'sql',
  'plan',
  'exec',
  'temporal',
  'database',
  'worker',
  'client',
  'entry',
];

/** Packages and Node modules by the files that may import them; nothing else in src and worker may. */
const PACKAGES: Readonly<Record<string, RegExp>> = {
  comlink: /^(src\/client|worker)\//,
  '@noble/ciphers/chacha.js': /^src\/storage\/encryption\/chacha/,
  idb: /^src\/storage\/indexed-db/,
  'node:': /^src\/(storage\/node|entry\/node|client\/host-node)/,
};

/** Files whose types are one recursive definition over several files: `import type` in all directions. */
const MUTUAL_TYPES: readonly (readonly string[])[] = [
  ['src/exec/compile.ts', 'src/exec/subquery.ts'],
  ['src/plan/expression.ts', 'src/plan/plan.ts', 'src/plan/scan-access.ts'],
  ['src/sql/ast-change.ts', 'src/sql/ast-query.ts', 'src/sql/ast.ts'],
];

const MAX_LINES = 500;
/** Reads of time, chance and timers; below `worker` they come in through Host. */
const HOST_CALLS =
  /\b(Date\s*\.\s*now|new\s+Date\s*\(\s*\)|Math\s*\.\s*random|performance\s*\.\s*now|setTimeout|setInterval|setImmediate|requestAnimationFrame|crypto\s*\.\s*(getRandomValues|randomUUID))\b/;
/** Code from text or bytes, which the page's policy forbids (lint knows `eval` from methods of that name). */
const CODE_FROM_TEXT = /\b(new\s+Function|globalThis\s*\.\s*eval|WebAssembly)\b/;

interface Import {
  /** As written. */
  readonly specifier: string;
  readonly typeOnly: boolean;
}

interface SourceFile {
  /** Relative to the repository, with slashes. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

const everything = ['src', 'worker', 'demo', 'e2e', 'tests', 'bench', 'scripts'].flatMap((folder) => filesIn(folder));
const sources = everything.filter(({ path }) => /^(src|worker)\//.test(path));
const shipped = sources.filter(({ path }) => !path.endsWith('.test.ts'));

describe('imports', () => {
  test('go down the layers only', () => {
    const upward = shipped.flatMap((file) =>
      localImports(file)
        .filter(({ target }) => level(target) > level(file.path))
        .map(({ target }) => `${file.path} imports ${target}`),
    );
    expect(upward).toEqual([]);
  });

  test('name files that exist, with their extension', () => {
    const known = new Set(everything.map(({ path }) => path));
    const dangling = sources.flatMap((file) =>
      localImports(file)
        .filter(({ target }) => !known.has(target))
        .map(({ target }) => `${file.path} imports ${target}`),
    );
    expect(dangling).toEqual([]);
  });

  test('make no cycle when the program runs', () => {
    expect(cycles(false)).toEqual([]);
  });

  test('make no cycle of types but the listed pairs', () => {
    expect(cycles(true)).toEqual(MUTUAL_TYPES.map((pair) => pair.join(' <> ')));
  });

  test('of packages are where they belong', () => {
    const stray = shipped.flatMap((file) =>
      file.imports
        .filter(({ specifier }) => !specifier.startsWith('.') && !mayImport(file.path, specifier))
        .map(({ specifier }) => `${file.path} imports ${specifier}`),
    );
    expect(stray).toEqual([]);
  });

  test('of the demo use the public API only', () => {
    const inner = everything
      .filter(({ path }) => path.startsWith('demo/'))
      .flatMap((file) =>
        localImports(file)
          .filter(({ target }) => /^(src|worker)\//.test(target) && !target.startsWith('src/entry/'))
          .map(({ target }) => `${file.path} imports ${target}`),
      );
    expect(inner).toEqual([]);
  });
});

describe('files', () => {
  test('open with a comment that says what they are', () => {
    const bare = everything.filter(({ text }) => !/^(#!.*\n)?\/\*\*/.test(text)).map(({ path }) => path);
    expect(bare).toEqual([]);
  });

  test(`have at most ${MAX_LINES} lines`, () => {
    const long = everything
      .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
      .filter(({ lines }) => lines > MAX_LINES)
      .map(({ path, lines }) => `${path}: ${lines}`);
    expect(long).toEqual([]);
  });

  test('below the worker take time, chance and timers from the host', () => {
    const engine = shipped.filter(({ path }) => level(path) < LAYERS.indexOf('worker'));
    expect(matches(engine, HOST_CALLS)).toEqual([]);
  });

  test('make no code from text', () => {
    expect(matches(shipped, CODE_FROM_TEXT)).toEqual([]);
  });
});

describe('the rules themselves', () => {
  test('see through comments, strings and templates', () => {
    const code = blanked("a('Date.now'); // Date.now\n/* WebAssembly */ `${Math.random()} WebAssembly`; Date.now()");
    expect(code).not.toMatch(/WebAssembly/);
    expect(code.match(/Date\.now/g)).toHaveLength(1);
    expect(code).toMatch(/Math\.random/);
  });

  test('read every form of import', () => {
    const text = [
      "import { a, type B } from './a.ts';",
      "import type { C } from './c.ts';",
      "export * from './d.ts';",
      "import './e.ts';",
      "const f = await import('./f.ts');",
      "const type = import('./g.ts').G;",
      "const word = 'from'; // import './no.ts'",
      "import {\n  h,\n} from './h.ts';",
    ].join('\n');
    expect(importsOf(text).map(({ specifier, typeOnly }) => `${specifier}${typeOnly ? ' type' : ''}`)).toEqual([
      './a.ts',
      './c.ts type',
      './d.ts',
      './h.ts',
      './e.ts',
      './f.ts',
      './g.ts',
    ]);
  });
});

// ---- reading -----------------------------------------------------------------------------------------------------

function filesIn(folder: string): SourceFile[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|mjs)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.includes(`${sep}node_modules${sep}`))
    .toSorted()
    .map((path) => {
      const text = readFileSync(path, 'utf8');
      return { path: relative(ROOT, path).split(sep).join('/'), text, imports: importsOf(text) };
    });
}

function importsOf(text: string): Import[] {
  const found: Import[] = [];
  for (const match of text.matchAll(/^(?:import|export)\s+(type\s)?[^;'"]*?from\s+'([^']+)'/gm)) {
    found.push({ specifier: match[2] ?? '', typeOnly: match[1] !== undefined });
  }
  for (const match of text.matchAll(/^import\s+'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm)) {
    found.push({ specifier: match[1] ?? match[2] ?? '', typeOnly: false });
  }
  return found;
}

function localImports(file: SourceFile): { readonly target: string; readonly typeOnly: boolean }[] {
  return file.imports
    .filter(({ specifier }) => specifier.startsWith('.'))
    .map(({ specifier, typeOnly }) => ({
      target: relative(ROOT, resolve(ROOT, dirname(file.path), specifier))
        .split(sep)
        .join('/'),
      typeOnly,
    }));
}

/** Code with comments and the insides of strings and templates (but not their `${…}`) replaced by spaces. */
function blanked(text: string): string {
  return text.replace(
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\$]|\\.|\$(?!\{)|\$\{[^}]*\})*`/g,
    (token) =>
      token.startsWith('`')
        ? Array.from(token.matchAll(/\$\{([^}]*)\}/g), ([, code]) => ` ${code} `).join('')
        : token.replace(/[^\n]/g, ' '),
  );
}

// ---- rules -------------------------------------------------------------------------------------------------------

function level(path: string): number {
  const layer = path.startsWith('worker/') ? 'worker' : (path.split('/')[1] ?? '');
  const index = LAYERS.indexOf(layer);
  if (index < 0) throw new Error(`${path} is in no layer`);
  return index;
}

function mayImport(path: string, specifier: string): boolean {
  return Object.entries(PACKAGES).some(
    ([name, files]) => (specifier === name || (name.endsWith(':') && specifier.startsWith(name))) && files.test(path),
  );
}

function matches(files: readonly SourceFile[], pattern: RegExp): string[] {
  return files.flatMap(({ path, text }) =>
    blanked(text)
      .split('\n')
      .map((line, i) => ({ line, where: `${path}:${i + 1}` }))
      .filter(({ line }) => pattern.test(line))
      .map(({ line, where }) => `${where}: ${line.trim()}`),
  );
}

/** Strongly connected sets of more than one file (Tarjan 1972). */
function cycles(withTypes: boolean): string[] {
  const edges = new Map(
    shipped.map((file) => [
      file.path,
      localImports(file)
        .filter(({ typeOnly }) => withTypes || !typeOnly)
        .map(({ target }) => target),
    ]),
  );
  const found: string[] = [];
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const visit = (path: string): void => {
    order.set(path, order.size);
    low.set(path, order.size - 1);
    stack.push(path);
    for (const next of edges.get(path) ?? []) {
      if (!order.has(next)) visit(next);
      else if (!stack.includes(next)) continue;
      low.set(path, Math.min(low.get(path) ?? 0, low.get(next) ?? 0));
    }
    if (low.get(path) !== order.get(path)) return;
    const members = stack.splice(stack.indexOf(path));
    if (members.length > 1) found.push(members.toSorted().join(' <> '));
  };
  for (const path of edges.keys()) if (!order.has(path)) visit(path);
  return found.toSorted();
}
