/** A syntax tree with expressions in place of its parameters. */
import type { Expression } from './ast.ts';

export function withArguments<T>(tree: T, args: readonly Expression[]): T {
  return args.length === 0 ? tree : (replaced(tree, args) as T);
}

function replaced(tree: unknown, args: readonly Expression[]): unknown {
  if (Array.isArray(tree)) return tree.map((item) => replaced(item, args));
  if (typeof tree !== 'object' || tree === null) return tree;
  const node = tree as Readonly<Record<string, unknown>>;
  if (node['kind'] === 'parameter') return args[Number(node['index']) - 1];
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, replaced(value, args)]));
}
