/** The lists of docs/corpora.md are those that the corpora's tests go by. UPDATE_DOCS=1 writes them. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { recorded, tables } from '../corpus/golden/record.ts';
import { LEFT_OUT } from '../corpus/slt/run.ts';
import { readPage, ROOT } from './markdown.ts';

const PAGE = 'docs/corpora.md';

function leftOut(): string {
  const rows = LEFT_OUT.map(({ reason, code, lines, values }) => {
    const files = Object.entries(lines ?? values ?? {});
    const count = files.reduce((sum, [, found]) => sum + Object.keys(found).length, 0);
    const given = code === undefined ? 'its values' : code === '00000' ? 'taken' : `refused, ${code}`;
    return `| ${count} | ${files.map(([file]) => `\`${file.replace('.test', '')}\``).join(', ')} | ${reason} | ${given} |`;
  });
  return ['| records | files | why | PostgreSQL and DriftDB |', '| ---: | --- | --- | --- |', ...rows, ''].join('\n');
}

test.each([
  ['golden', () => tables(recorded())],
  ['sqllogictest', leftOut],
])('the list of %s is current', (name, make) => {
  const page = readPage(PAGE);
  const [start, end] = [`<!-- list ${name} -->\n`, '<!-- end -->'];
  const at = page.indexOf(start) + start.length;
  const list = page.slice(at, page.indexOf(end, at));
  if (process.env['UPDATE_DOCS'] === '1' && list !== make())
    writeFileSync(join(ROOT, PAGE), page.slice(0, at) + make() + page.slice(at + list.length));
  else expect(list).toBe(make());
});
