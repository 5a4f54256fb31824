/** What EXPLAIN ANALYZE says of the memory that operators took, and of what they put into temporary files, in PostgreSQL's words. */
import type { NodeCounters } from '../counters.ts';
import type { PlanNode } from '../plan.ts';
import type { Property } from './formats.ts';

/** Of a sort, a grouping, or another node that keeps its input. */
export function keptRows(node: PlanNode, counters: NodeCounters, width: number): Property[] {
  if (counters.loops === 0) return [];
  const { spilledBytes = 0 } = counters;
  switch (node.kind) {
    case 'sort': {
      if (spilledBytes > 0) return [fact('Sort Method', `external merge  Disk: ${kilobytes(spilledBytes)}kB`)];
      const method = node.limit === null ? 'quicksort' : 'top-N heapsort';
      return [fact('Sort Method', `${method}  Memory: ${kilobytes(counters.rows * width)}kB`)];
    }
    case 'aggregate':
    case 'distinct':
    case 'setOperation':
      return counters.memoryBytes === undefined ? [] : batches(counters);
    case 'join':
      // Of a hash join its hash tells.
      if (counters.memoryBytes !== undefined) return [];
      return spilledBytes === 0 ? [] : [fact('Disk', `${kilobytes(spilledBytes)}kB`)];
    case 'window':
    case 'recursiveUnion':
      return spilledBytes === 0 ? [] : [fact('Disk', `${kilobytes(spilledBytes)}kB`)];
    default:
      return [];
  }
}

/** Of the built side of a hash join. */
export function hashDetails(counters: NodeCounters | undefined): Property[] {
  if (counters?.memoryBytes === undefined || counters.loops === 0) return [];
  return [fact('Batches', `${counters.batches ?? 1}  Memory Usage: ${kilobytes(counters.memoryBytes)}kB`)];
}

function batches({ batches: count = 1, memoryBytes = 0, spilledBytes = 0 }: NodeCounters): Property[] {
  const disk = spilledBytes === 0 ? '' : `  Disk Usage: ${kilobytes(spilledBytes)}kB`;
  return [fact('Batches', `${count}  Memory Usage: ${kilobytes(memoryBytes)}kB${disk}`)];
}

function fact(name: string, value: string): Property {
  return { name, value };
}

function kilobytes(bytes: number): number {
  return Math.ceil(bytes / 1024);
}
