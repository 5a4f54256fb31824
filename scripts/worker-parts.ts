/**
 * Cuts the engine's worker in three (why: src/base/part.ts): the chunk of the entry, one with what a first answer does
 * without, and one with what most pages never need.
 *
 * LATE and RARE name modules by their boundaries: they and whatever is reachable through them alone are in that part.
 * Rolldown makes three chunks that import from each other; since bundlers copy the later ones as plain files under
 * names of their own, the imports between them become arguments:
 *
 *     worker.js         import { a as A } from './worker-late.js'  →  let A = standIn('late', () => A$)  and A$, set when it is loaded
 *     worker-late.js    import { b as B } from './worker.js'       →  export default ({ core: { b: B } }) => { … return { a: A }; }
 *                       import { c as C } from './worker-rare.js'  →  a stand-in as above
 *     worker-rare.js    imports from both                          →  export default ({ core: { … }, late: { … } }) => { … }
 *
 * A bundler of others finds the later files as it finds the first: as `new URL('./worker-late.js', import.meta.url)`.
 */
import { readFileSync } from 'node:fs';
import type { Plugin } from 'vite';
import type { PartName } from '../src/base/part.ts';

/** Not needed to open a database and to read rows by key; regular expressions of module paths. */
const LATE: readonly string[] = [
  'src/(table/(ended-tables|tree-version-scan)|txn/catalog-changes|database/described-tables)',
  'src/base/(decimal-functions|key-set)',
  'src/storage/(indexed-db|encryption/.*)',
  'src/log/(bulk-record|sealed|room|scrub)',
  'src/segment/(segment|sealed-segment|encode-block|encode-numbers)',
  'src/catalog/oids',
  'src/table/(look-up|key-windows|moment-rows|apply-slices|bulk-changes|sliced-order|checkpoint|divide|encode-directory|erase|fill-index|history-limit|index-changes|kept|kept-codec|thin|past|repack|repeated|reshape|merged-rows|version-ends|tree-size|seal|settle|check-(tree|tiles|rows|index))',
  'src/base/sha256',
  'src/txn/proof/(prover|proof-row|merkle|salts|change)',
  'src/txn/(bulk-commit|frozen-writes|index-scan|log-first|committer|commit-timestamp|commit-turn|table-writes|no-history|overlay-scan|own-order|catalog-conflicts|commit-checks|only-rows|serial/.*|lock/(advisory|manager|modes|guard|row-locks|heavy-locks|waits))',
  'src/sql/(with-arguments|statement-shape|string-escapes|collatable|collations|collation-names|type-schema|other-database)',
  'src/sql/parser/(long-text|rare-statement|system-time|history|change|period|call|transaction|setting)',
  'src/sql/functions/(registry|own-ranges)',
  'src/sql/types/(procedure-text|styled-output|datetime-input|interval-input|array-input|time-zone|jsonb-order|datetime-fields|user-types|collation|json-path-(syntax|print))',
  'src/plan/collate/.*',
  'src/plan/expression-key',
  'src/plan/(explain.*|bind-outer|bind-constant|history-queries)',
  'src/plan/optimizer/(array-sarg|range-estimate|version-range|cost|statistics|selectivity|order|path-finder|bitmap-path|column-statistics|factor|null-rejection|join-keys|hints|index-keys|join-graph|join-search|min-max|join-order|join-method|lookup-join|unnest|decorrelate|early-groups|never-fails)',
  'src/plan/binder/(similar-name|history|period|portion|grouping|time|subqueries|sample|locking|lock-rows|lift|record-columns|table-function|copy|insert|merge|update|target|view-target|with|calls|constant-rows|routines|routine-columns|user-type-casts|composite-fields|part-assignment)',
  'src/exec/(index-read|joined-texts|numbered-texts|coded-column|concat-slices|window-values|text-codes|sideways|logic|predicate|subquery|composite|cast|sort-keys|merge-sort|radix-sort|text-order|sort-bound|key-table|accumulators|merging-accumulators|in-list|one-row|point-write)',
  'src/exec/spill/.*',
  'src/exec/operators/(aggregate|version-columns|lock-rows|bitmap-fetch|distinct(-keys)?|function-scan|join|shared|sort|window|ntile)',
  'src/exec/modify/.*',
  'src/exec/kernels/.*',
  'src/exec/routine-call',
  'worker/(function-module|backups|aside)',
  'src/database/copy/.*',
  'src/database/ddl/.*',
  'src/database/(branch|migration|history|proof)/.*',
  'src/txn/line/.*',
  'src/sql/parser/branch',
  'src/database/routine/.*',
  'src/database/system/.*',
  'src/database/(analyze|control|sample-table|table-locks|table-waits|limits|definition|rekey|backup/.*|bulk|system-tables|temporary|recheck|deferral|domain-check|maintain|explain|setting-specs|setting-values|registered|retained|signature|cursor|portal|several|execute-arguments|script|shared-plans|prepared|past-scene|turn|temporary-files|text-answer|statement-target|advisory)',
];
/** Not needed by a page that defines tables, changes and reads them; regular expressions of module paths. */
const RARE: readonly string[] = [
  'src/(table/ended-tables|database/described-tables)',
  'src/storage/(indexed-db|encryption/.*)',
  'src/log/scrub',
  'src/txn/(erasure-codec|log-first)',
  'src/table/(erase|check-(tree|tiles|rows|index))',
  'src/base/sha256',
  'src/txn/proof/(prover|proof-row|merkle|salts|change)',
  'src/sql/plpgsql/.*',
  'src/exec/operators/long-partition',
  'src/exec/spill/(batch-codec|compare-rows|external-sort|seen-rows|spilled-join|temp-space)',
  'src/plan/binder/(history|merge)',
  'src/exec/modify/merge',
  'src/plan/(explain.*|history-queries|spine|travel)',
  'src/plan/optimizer/(gather-parts|helper-count)',
  'src/exec/(helpers/.*|operators/gather)',
  'src/table/units',
  'src/database/(branch|migration|history|proof|backup|repair|routine|system)/.*',
  'src/txn/line/.*',
  'src/sql/parser/branch',
  'src/database/(portal|deferral|temporary-files|pieces|row-stream|check-database|cursor|explain|registered|rekey|ledger)',
  'src/database/ddl/(aggregate|alter-view|collation|comment|drop-attribute|owner|range-type|retention|role|routine|trigger|type-definition|undrop|unsupported)',
  'worker/(aside|backups|function-module)',
];

const LOADER = '/worker/parts.ts';
/** Loads modules that no bundler knows, in the same way. */
const MODULES = '/worker/function-module.ts';
/** Stands for `import` until the code is minified, which would take the comments for bundlers away. */
const IMPORT = '__importPart';

type ChunkName = 'core' | PartName;
const PARTS: readonly PartName[] = ['late', 'rare'];

/** What `worker/parts.ts` becomes: the names in capitals are those that the chunk gets below. */
const LOADER_CODE = `
import { DriftError } from '../src/base/error.ts';
const loading = {};
export function loadPart(part) {
  return (loading[part] ??= (part === 'late' ? loadLate() : loadRare()).catch((error) => {
    loading[part] = undefined;
    throw error;
  }));
}
async function loadLate() {
  const make = await fetchPart(LATE_ADDRESS());
  FILL_LATE(make({ core: CORE_PART() }));
}
async function loadRare() {
  const [make] = await Promise.all([fetchPart(RARE_ADDRESS()), loadPart('late')]);
  FILL_RARE(make({ core: CORE_PART(), late: LATE_PART() }));
}
async function fetchPart(address) {
  try {
    return (await ${IMPORT}(address)).default;
  } catch (error) {
    throw new DriftError('08006', 'a part of the engine cannot be loaded: ' + error, {
      hint: 'Serve all files of the package beside each other.',
    });
  }
}`;

/** `fileName` is a pattern of Rolldown's for the later files' names, without `.js`, and with `-[part]`. */
export function workerParts(fileName = 'worker-[part]'): Plugin {
  const chunkOf = new Map<string, ChunkName>();
  return {
    name: 'driftdb-worker-parts',
    enforce: 'pre',
    options: (options) => ({ ...options, preserveEntrySignatures: 'allow-extension' }),
    outputOptions: (options) => ({
      ...options,
      chunkFileNames: ({ name }) =>
        isPart(name) ? `${fileName.replace('[part]', name)}.js` : 'chunks/[name]-[hash].js',
      codeSplitting: {
        includeDependenciesRecursively: false,
        groups: PARTS.map((name) => ({ name, test: (id) => chunkOf.get(id) === name })),
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
      const reachable = (border: readonly string[]): Set<string> => {
        const isBorder = new RegExp(`/(?:${border.join('|')})\\.ts$`);
        const waiting = ids.filter((id) => this.getModuleInfo(id)?.isEntry === true);
        const reached = new Set<string>();
        for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
          if (reached.has(id) || isBorder.test(id)) continue;
          reached.add(id);
          waiting.push(...(this.getModuleInfo(id)?.importedIds ?? []));
        }
        return reached;
      };
      const [core, ordinary] = [reachable([...LATE, ...RARE]), reachable(RARE)];
      for (const id of ids) chunkOf.set(id, core.has(id) ? 'core' : ordinary.has(id) ? 'late' : 'rare');
    },
    renderChunk(code, chunk) {
      if (chunkOf.size === 0) return null;
      return { code: chunk.isEntry ? renderCore(code) : renderPart(code, chunk.name as PartName), map: null };
    },
    generateBundle(_, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type === 'chunk')
          chunk.code = chunk.code.replaceAll(`${IMPORT}(`, 'import(/* webpackIgnore: true */ /* @vite-ignore */ ');
      }
    },
  };
}

function isPart(name: string): name is PartName {
  return (PARTS as readonly string[]).includes(name);
}

/** The entry: what it imports stands in, what it exports is for the parts. */
function renderCore(code: string): string {
  const { body, imports, exports } = dissect(code);
  const standIn = exports.find(({ name }) => name === 'standIn')?.local;
  if (standIn === undefined) throw new Error('the worker does not export standIn');
  return [
    `let LATE;`,
    ...PARTS.map((part) => standIns(imports[part].bindings, part, standIn)),
    body,
    ...PARTS.map(
      (part) =>
        `function ${part.toUpperCase()}_ADDRESS() { return new URL('${imports[part].from}', import.meta.url).href; }`,
    ),
    `function CORE_PART() { return { ${given(exports)} }; }`,
    `function LATE_PART() { return LATE; }`,
    `function FILL_LATE(part) { LATE = part; ${filled(imports.late.bindings, 'late')} }`,
    `function FILL_RARE(part) { ${filled(imports.rare.bindings, 'rare')} LATE.fillRare(part); }`,
  ].join('\n');
}

/** A part: a function of those before it. */
function renderPart(code: string, name: PartName): string {
  const { body, imports, exports } = dissect(code);
  const standing = imports.rare.bindings;
  const results = name === 'late' ? [given(exports), `fillRare(part) { ${filled(standing, 'rare')} }`] : [];
  return [
    `export default (function ({ core: { standIn: STAND_IN, ${given(imports.core.bindings)} }, late: { ${given(imports.late.bindings)} } = {} }) {`,
    standIns(standing, 'rare', 'STAND_IN'),
    body,
    `return { ${(name === 'late' ? results : [given(exports)]).join(', ')} };`,
    '});\n',
  ].join('\n');
}

function standIns(bindings: readonly Binding[], part: PartName, standIn: string): string {
  const each = bindings.map(
    ({ local }) => `let ${local}$${part}, ${local} = ${standIn}('${part}', () => ${local}$${part});`,
  );
  return each.join('\n');
}

/** Sets what was stood in for, also behind stand-ins that somebody keeps. */
function filled(bindings: readonly Binding[], part: PartName): string {
  const kept = bindings.map(({ local }) => `${local}$${part} = ${local};`);
  return `({ ${given(bindings)} } = part); ${kept.join(' ')}`;
}

/** As an object, or as a pattern of one. */
function given(bindings: readonly Binding[]): string {
  return bindings.map(({ name, local }) => `${name}: ${local}`).join(', ');
}

interface Binding {
  readonly name: string;
  readonly local: string;
}

interface Imported {
  readonly bindings: readonly Binding[];
  /** As the code names the file. */
  readonly from: string;
}

const IMPORTS = /^import \{([^}]*)\} from "([^"]+)";$/gm;
const EXPORTS = /^export \{([^}]*)\};$/gm;

/** Cuts the statements out. */
function dissect(code: string): {
  readonly body: string;
  readonly imports: Readonly<Record<ChunkName, Imported>>;
  readonly exports: readonly Binding[];
} {
  const imports: Record<ChunkName, Imported> = { core: NOTHING, late: NOTHING, rare: NOTHING };
  const exports: Binding[] = [];
  const body = code
    .replace(IMPORTS, (_, list: string, from: string) => {
      const chunk = PARTS.find((part) => from.includes(`-${part}`)) ?? 'core';
      imports[chunk] = { from, bindings: named(list).map(([name, local]) => ({ name, local })) };
      return '';
    })
    .replace(EXPORTS, (_, list: string) => {
      exports.push(...named(list).map(([local, name]) => ({ name, local })));
      return '';
    });
  return { body, imports, exports };
}

const NOTHING: Imported = { bindings: [], from: '' };

/** `a as b, c` as pairs. */
function named(list: string): (readonly [string, string])[] {
  const items = list.split(',').map((item) => item.trim());
  return items
    .filter((item) => item !== '')
    .map((item) => {
      const [first = '', second = first] = item.split(' as ');
      return [first, second] as const;
    });
}
