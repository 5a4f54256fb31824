/** What a simulation has met, counted. */
import type { FaultKind } from '../../src/storage/sim.ts';
import { WORKS } from './step.ts';

/** `none`: the workload by itself, whose process dies at its end. */
export type CaseFault = FaultKind | 'kill' | 'none';

export const FAULTS: readonly CaseFault[] = [
  'crash',
  'kill',
  'short-write',
  'quota',
  'flush-fails',
  'flush-lies',
  'read-error',
  'bit-flip',
  'misdirected-read',
  'lost-handle',
];

export interface Tally {
  cases: number;
  /** Operations that were struck, by the kind of work and the fault: `erase crash`. */
  readonly met: Map<string, number>;
  /** Kinds of background work that were done. */
  readonly background: Set<string>;
  backups: number;
  /** Erasures whose content was looked for in the bytes of all files after an opening. */
  erasures: number;
  /** Operations that were struck, by fault. */
  readonly faults: Map<CaseFault, number>;
  openings: number;
  /** Openings and answers that were refused, with file and reason. */
  refused: number;
  /** States compared with the model, each a sequence number in one opening. */
  states: number;
}

export function newTally(): Tally {
  return {
    cases: 0,
    met: new Map(),
    background: new Set(),
    backups: 0,
    erasures: 0,
    faults: new Map(),
    openings: 0,
    refused: 0,
    states: 0,
  };
}

/** Says what was run, in one line. */
export function summary({ cases, faults, openings, refused, states, backups, erasures, background }: Tally): string {
  const byFault = [...faults].map(([fault, count]) => `${count} ${fault}`).join(', ');
  const counts = `${openings} openings, ${states} states compared, ${backups} backups restored, ${erasures} erasures searched for, ${refused} refused`;
  return `${cases} cases (${byFault}), ${counts}; in the background: ${[...background].sort().join(', ')}`;
}

/** How often which fault struck which kind of work, as a table. */
export function metTable({ met }: Tally): string {
  const works = [...WORKS, 'opening', 'closing'];
  const line = (work: string): string =>
    `${work.padEnd(16)}${FAULTS.map((fault) => String(met.get(`${work}/${fault}`) ?? 0).padStart(17)).join('')}`;
  return [`${' '.repeat(16)}${FAULTS.map((fault) => fault.padStart(17)).join('')}`, ...works.map(line)].join('\n');
}
