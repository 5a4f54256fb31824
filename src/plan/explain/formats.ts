/**
 * The forms in which EXPLAIN shows a plan, laid out as PostgreSQL does: indented text, JSON, YAML, XML. They share a tree of
 * properties; what only programs want (`data`) is left out of the text, what the text says in its first line is not
 * repeated there.
 */

/** A number is given as it is to be printed. */
export type PropertyValue = string | boolean | { readonly number: string } | readonly string[];

export interface Property {
  readonly name: string;
  readonly value: PropertyValue;
  /** For programs only. */
  readonly data?: boolean | undefined;
  /** Follows the value in text. */
  readonly unit?: string | undefined;
}

export interface ShownNode {
  /** The text's line, without indentation. */
  readonly line: string;
  /** `CTE x`, `InitPlan 1 (returns $0)`: a line of its own above the node. */
  readonly label: string | null;
  /** Everything a program sees, in PostgreSQL's order; text shows those that are not `data`. */
  readonly properties: readonly Property[];
  readonly children: readonly ShownNode[];
}

export interface ShownPlan {
  readonly root: ShownNode;
  /** Planning time and the like, after the tree. */
  readonly summary: readonly Property[];
}

export function asText({ root, summary }: ShownPlan): string[] {
  const lines: string[] = [];
  writeText(root, 0, lines);
  for (const { name, value, unit = '' } of summary) lines.push(`${name}: ${textOf(value)}${unit}`);
  return lines;
}

/** `indent` counts pairs of spaces, as PostgreSQL's explain.c does. */
function writeText(node: ShownNode, indent: number, lines: string[]): void {
  let at = indent;
  if (node.label !== null) lines.push(`${'  '.repeat(at++)}${node.label}`);
  if (at > 0) {
    lines.push(`${'  '.repeat(at)}->  ${node.line}`);
    at += 2;
  } else {
    lines.push(node.line);
  }
  at++;
  for (const { name, value, data } of node.properties)
    if (data !== true) lines.push(`${'  '.repeat(at)}${name}: ${textOf(value)}`);
  for (const child of node.children) writeText(child, at, lines);
}

function textOf(value: PropertyValue): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return 'number' in value ? value.number : value.join(', ');
}

export function asJson(plan: ShownPlan): string {
  const lines: string[] = ['['];
  lines.push('  {', `    "Plan": {`);
  const rest = plan.summary.map(({ name, value }) => `    ${JSON.stringify(name)}: ${jsonOf(value)}`);
  writeJson(plan.root, '      ', lines);
  lines.push(`    }${rest.length > 0 ? ',' : ''}`);
  rest.forEach((line, i) => lines.push(`${line}${i < rest.length - 1 ? ',' : ''}`));
  lines.push('  }', ']');
  return lines.join('\n');
}

function writeJson(node: ShownNode, indent: string, lines: string[]): void {
  const { properties, children } = node;
  properties.forEach(({ name, value }, i) => {
    const last = i === properties.length - 1 && children.length === 0;
    lines.push(`${indent}${JSON.stringify(name)}: ${jsonOf(value)}${last ? '' : ','}`);
  });
  if (children.length === 0) return;
  lines.push(`${indent}"Plans": [`);
  children.forEach((child, i) => {
    lines.push(`${indent}  {`);
    writeJson(child, `${indent}    `, lines);
    lines.push(`${indent}  }${i < children.length - 1 ? ',' : ''}`);
  });
  lines.push(`${indent}]`);
}

function jsonOf(value: PropertyValue): string {
  if (typeof value === 'string' || typeof value === 'boolean') return JSON.stringify(value);
  return 'number' in value ? value.number : `[${value.map((item) => JSON.stringify(item)).join(', ')}]`;
}

export function asYaml(plan: ShownPlan): string {
  const lines: string[] = ['- Plan: '];
  writeYaml(plan.root, '    ', lines);
  for (const { name, value } of plan.summary) writeYamlProperty(name, value, '  ', lines);
  return lines.join('\n');
}

function writeYaml(node: ShownNode, indent: string, lines: string[]): void {
  for (const { name, value } of node.properties) writeYamlProperty(name, value, indent, lines);
  if (node.children.length === 0) return;
  lines.push(`${indent}Plans: `);
  for (const child of node.children) {
    const own: string[] = [];
    writeYaml(child, `${indent}    `, own);
    const [first, ...others] = own;
    lines.push(`${indent}  - ${(first ?? '').trimStart()}`, ...others);
  }
}

function writeYamlProperty(name: string, value: PropertyValue, indent: string, lines: string[]): void {
  if (typeof value === 'string') lines.push(`${indent}${name}: ${JSON.stringify(value)}`);
  else if (typeof value === 'boolean') lines.push(`${indent}${name}: ${value}`);
  else if ('number' in value) lines.push(`${indent}${name}: ${value.number}`);
  else {
    lines.push(`${indent}${name}: `);
    for (const item of value) lines.push(`${indent}  - ${JSON.stringify(item)}`);
  }
}

export function asXml(plan: ShownPlan): string {
  const lines: string[] = ['<explain xmlns="http://www.postgresql.org/2009/explain">', '  <Query>', '    <Plan>'];
  writeXml(plan.root, '      ', lines);
  lines.push('    </Plan>');
  for (const { name, value } of plan.summary) writeXmlProperty(name, value, '    ', lines);
  lines.push('  </Query>', '</explain>');
  return lines.join('\n');
}

function writeXml(node: ShownNode, indent: string, lines: string[]): void {
  for (const { name, value } of node.properties) writeXmlProperty(name, value, indent, lines);
  if (node.children.length === 0) return;
  lines.push(`${indent}<Plans>`);
  for (const child of node.children) {
    lines.push(`${indent}  <Plan>`);
    writeXml(child, `${indent}    `, lines);
    lines.push(`${indent}  </Plan>`);
  }
  lines.push(`${indent}</Plans>`);
}

function writeXmlProperty(name: string, value: PropertyValue, indent: string, lines: string[]): void {
  const tag = name.replaceAll(/[^A-Za-z0-9_.-]/g, '-');
  if (typeof value === 'string' || typeof value === 'boolean') {
    lines.push(`${indent}<${tag}>${xmlText(String(value))}</${tag}>`);
  } else if ('number' in value) {
    lines.push(`${indent}<${tag}>${value.number}</${tag}>`);
  } else {
    lines.push(`${indent}<${tag}>`);
    for (const item of value) lines.push(`${indent}  <Item>${xmlText(item)}</Item>`);
    lines.push(`${indent}</${tag}>`);
  }
}

const XML_ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#x0d;' };

function xmlText(text: string): string {
  return text.replaceAll(/[&<>\r]/g, (character) => XML_ESCAPES[character] ?? character);
}
