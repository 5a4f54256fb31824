/**
 * Cuts the engine's worker in two (why: src/base/late-part.ts): the chunk of the entry, and one with what a first answer
 * does without.
 *
 * LATE names modules by their boundaries: they and whatever is reachable through them alone are late. Rolldown makes two
 * chunks that import from each other; since bundlers copy the second one as a plain file under a name of their own,
 * the imports between them become arguments:
 *
 *     worker.js         import { a as A } from './late.js'   →  let A = standIn(() => A$)   and A$, set when it is loaded
 *     worker-late.js    import { b as B } from './worker.js' →  export default ({ b: B }) => { … return { a: A }; }
 *
 * A bundler of others finds the second file as it finds the first: as `new URL('./worker-late.js', import.meta.url)`.
 */
import { readFileSync } from 'node:fs';
import type { Plugin } from 'vite';

/** Not needed to open a database and to read rows by key; regular expressions of module paths. */
const LATE: readonly string[] = [
  'src/base/decimal-functions',
  'src/storage/(indexed-db|encryption/.*)',
  'src/log/(sealed|room)',
  'src/segment/(segment|sealed-segment|encode-block|encode-numbers)',
  'src/catalog/oids',
  'src/table/(checkpoint|repack|seal|settle|check-(tree|index))',
  'src/txn/(no-history|overlay-scan|own-order|catalog-conflicts|commit-checks|only-rows|serial/.*|lock/(manager|modes|guard|row-locks|heavy-locks|waits))',
  'src/sql/(with-arguments|string-escapes|collatable|collations|collation-names|type-schema|other-database)',
  'src/sql/parser/(rare-statement|history|change|call|transaction|setting)',
  'src/sql/functions/(registry|own-ranges)',
  'src/sql/types/(procedure-text|styled-output|datetime-input|interval-input|array-input|time-zone|jsonb-order|datetime-fields|user-types|collation|json-path-(syntax|print))',
  'src/plan/collate/.*',
  'src/plan/expression-key',
  'src/plan/(explain.*|bind-outer|history-queries)',
  'src/plan/optimizer/(version-range|cost|statistics|selectivity|order|path-finder|bitmap-path|column-statistics|factor|null-rejection|join-keys|hints|index-keys|join-graph|join-search|min-max|join-order|join-method|lookup-join|unnest|decorrelate)',
  'src/plan/binder/(history|grouping|time|subqueries|sample|locking|lock-rows|lift|record-columns|table-function|copy|insert|merge|update|target|view-target|with|calls|constant-rows|routines|routine-columns|user-type-casts|composite-fields|part-assignment)',
  'src/exec/(sideways|logic|predicate|subquery|composite|cast|sort-keys|merge-sort|sort-bound|key-table|accumulators|in-list|point-write)',
  'src/exec/operators/(aggregate|lock-rows|bitmap-fetch|distinct|function-scan|join|shared|sort|window)',
  'src/exec/modify/.*',
  'src/exec/kernels/.*',
  'src/exec/routine-call',
  'worker/(function-module|backups)',
  'src/database/copy/.*',
  'src/database/ddl/.*',
  'src/database/(migration|history)/.*',
  'src/database/routine/.*',
  'src/database/system/.*',
  'src/database/(control|table-locks|table-waits|limits|definition|rekey|backup/.*|bulk|system-tables|temporary|recheck|deferral|domain-check|maintain|explain|setting-specs|setting-values|registered|cursor|portal|turn)',
];
const IS_LATE = new RegExp(`/(?:${LATE.join('|')})\\.ts$`);

const LOADER = '/worker/late-part.ts';
/** Loads modules that no bundler knows, in the same way. */
const MODULES = '/worker/function-module.ts';
const CHUNK = 'late';
/** Stands for `import` until the code is minified, which would take the comments for bundlers away. */
const IMPORT = '__importLatePart';

/** What `worker/late-part.ts` becomes: the names in capitals are those that the chunk gets below. */
const LOADER_CODE = `
import { DriftError } from '../src/base/error.ts';
let loading;
export function loadLatePart() {
  return (loading ??= ${IMPORT}(LATE_PART_ADDRESS()).then(
    (part) => FILL_LATE_PART(part.default(CORE_PART())),
    (error) => {
      loading = undefined;
      throw new DriftError('08006', 'a part of the engine cannot be loaded: ' + error, {
        hint: 'Serve all files of the package beside each other.',
      });
    },
  ));
}`;

/** `fileName` is a pattern of Rolldown's for the second file's name, without `.js`. */
export function latePart(fileName = 'worker-late'): Plugin {
  const core = new Set<string>();
  return {
    name: 'driftdb-late-part',
    enforce: 'pre',
    options: (options) => ({ ...options, preserveEntrySignatures: 'allow-extension' }),
    outputOptions: (options) => ({
      ...options,
      chunkFileNames: (chunk) => (chunk.name === CHUNK ? `${fileName}.js` : 'chunks/[name]-[hash].js'),
      codeSplitting: {
        includeDependenciesRecursively: false,
        groups: [{ name: CHUNK, test: (id) => core.size > 0 && !core.has(id) }],
      },
    }),
    load(id) {
      if (id.endsWith(LOADER)) return LOADER_CODE;
      return id.endsWith(MODULES) ? readFileSync(id, 'utf8').replace(/\bimport\((\/\*.*?\*\/ )+/, `${IMPORT}(`) : null;
    },
    buildEnd() {
      const ids = [...this.getModuleIds()];
      // A worker that is not the engine's stays whole.
      if (!ids.some((id) => id.endsWith(LOADER))) return;
      const waiting = ids.filter((id) => this.getModuleInfo(id)?.isEntry === true);
      for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
        if (core.has(id) || IS_LATE.test(id)) continue;
        core.add(id);
        waiting.push(...(this.getModuleInfo(id)?.importedIds ?? []));
      }
    },
    renderChunk(code, chunk) {
      if (core.size === 0) return null;
      return { code: chunk.isEntry ? entry(code) : late(code), map: null };
    },
    generateBundle(_, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type === 'chunk')
          chunk.code = chunk.code.replace(`${IMPORT}(`, 'import(/* webpackIgnore: true */ /* @vite-ignore */ ');
      }
    },
  };
}

interface Binding {
  readonly name: string;
  readonly local: string;
}

/** The first half: what it imports stands in, what it exports is for the other half. */
function entry(code: string): string {
  const imported = take(code, IMPORTS);
  const exported = take(imported.rest, EXPORTS);
  const standIn = exported.bindings.find(({ name }) => name === 'standIn')?.local;
  if (standIn === undefined) throw new Error('the worker does not export standIn');
  const held = imported.bindings.map(({ local }) => `${local}$late`);
  return [
    `let ${held.join(', ')};`,
    ...imported.bindings.map(({ local }) => `let ${local} = ${standIn}(() => ${local}$late);`),
    imported.bindings.length === 0 ? '' : exported.rest,
    `function LATE_PART_ADDRESS() { return new URL('${imported.from}', import.meta.url).href; }`,
    `function CORE_PART() { return { ${exported.bindings.map(({ name, local }) => `${name}: ${local}`).join(', ')} }; }`,
    `function FILL_LATE_PART(part) { ({ ${imported.bindings.map(({ name, local }) => `${name}: ${local}`).join(', ')} } = part);`,
    `  ${imported.bindings.map(({ local }, i) => `${held[i]} = ${local};`).join(' ')} }`,
  ].join('\n');
}

/** The second half: a function of the first. */
function late(code: string): string {
  const imported = take(code, IMPORTS);
  const exported = take(imported.rest, EXPORTS);
  const parameters = imported.bindings.map(({ name, local }) => `${name}: ${local}`).join(', ');
  const results = exported.bindings.map(({ name, local }) => `${name}: ${local}`).join(', ');
  return `export default (function ({ ${parameters} }) {\n${exported.rest}\nreturn { ${results} };\n});\n`;
}

const IMPORTS = /^import \{([^}]*)\} from "([^"]+)";$/gm;
const EXPORTS = /^export \{([^}]*)\};$/gm;

/** Cuts the statements out; `a as b` names first what the other half knows for imports, the own name for exports. */
function take(code: string, statement: RegExp): { rest: string; bindings: Binding[]; from: string } {
  const bindings: Binding[] = [];
  let from = '';
  const rest = code.replace(statement, (_, list: string, source: string | undefined) => {
    from = source ?? from;
    for (const item of list.split(',')) {
      const [first = '', second = first] = item.trim().split(' as ');
      if (first !== '')
        bindings.push(statement === IMPORTS ? { name: first, local: second } : { name: second, local: first });
    }
    return '';
  });
  return { rest, bindings, from };
}
