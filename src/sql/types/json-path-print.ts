/** A path as text, with the quotes and parentheses that PostgreSQL's jsonpath_out writes. */
import type { JsonPath, PathNode, PathStep } from './json-path-syntax.ts';

export function printJsonPath({ strict, root }: JsonPath): string {
  return `${strict ? 'strict ' : ''}${printNode(root, true)}`;
}

function priority(node: PathNode): number {
  if (node.steps.length > 0) return 6;
  switch (node.kind) {
    case 'or':
      return 0;
    case 'and':
      return 1;
    case 'compare':
    case 'startsWith':
      return 2;
    case 'arithmetic':
      return node.operator === '+' || node.operator === '-' ? 3 : 4;
    case 'sign':
      return 5;
    default:
      return 6;
  }
}

function printNode(node: PathNode, brackets: boolean): string {
  const text = printPrimary(node, brackets || node.steps.length > 0);
  return node.steps.reduce((path, step) => path + printStep(step), text);
}

function printPrimary(node: PathNode, brackets: boolean): string {
  const own = priority({ ...node, steps: [] });
  const enclosed = (text: string): string => (brackets ? `(${text})` : text);
  const part = (inner: PathNode): string => printNode(inner, priority(inner) <= own);
  switch (node.kind) {
    case 'root':
      return '$';
    case 'current':
      return '@';
    case 'last':
      return 'last';
    case 'variable':
      return `$${JSON.stringify(node.name)}`;
    case 'literal':
      if (node.json.startsWith('"')) return JSON.stringify(JSON.parse(node.json) as string);
      return node.steps.length > 0 && /^\d/.test(node.json) ? `(${node.json})` : node.json;
    case 'arithmetic':
    case 'compare':
      return enclosed(`${part(node.left)} ${node.operator} ${part(node.right)}`);
    case 'and':
    case 'or':
      return enclosed(`${part(node.left)} ${node.kind === 'and' ? '&&' : '||'} ${part(node.right)}`);
    case 'startsWith':
      return enclosed(`${part(node.left)} starts with ${part(node.right)}`);
    case 'likeRegex': {
      const flags = node.flags === '' ? '' : ` flag "${node.flags}"`;
      return enclosed(`${part(node.operand)} like_regex ${JSON.stringify(node.pattern)}${flags}`);
    }
    case 'sign':
      return enclosed(`${node.operator}${part(node.operand)}`);
    case 'not':
      return `!(${printNode(node.operand, false)})`;
    case 'isUnknown':
      return `(${printNode(node.operand, false)}) is unknown`;
    case 'exists':
      return `exists (${printNode(node.operand, false)})`;
  }
}

function printStep(step: PathStep): string {
  switch (step.kind) {
    case 'key':
      return `.${JSON.stringify(step.name)}`;
    case 'anyKey':
      return '.*';
    case 'anyElement':
      return '[*]';
    case 'elements': {
      const ranges = step.ranges.map(
        ({ from, to }) => printNode(from, false) + (to === null ? '' : ` to ${printNode(to, false)}`),
      );
      return `[${ranges.join(',')}]`;
    }
    case 'anywhere': {
      const level = (value: number | null): string => (value === null ? 'last' : String(value));
      if (step.from === 0 && step.to === null) return '.**';
      if (step.from === step.to) return `.**{${level(step.from)}}`;
      return `.**{${level(step.from)} to ${level(step.to)}}`;
    }
    case 'filter':
      return `?(${printNode(step.condition, false)})`;
    case 'method':
      return `.${step.name}()`;
    case 'datetime':
      return `.datetime(${step.template === null ? '' : JSON.stringify(step.template)})`;
  }
}
