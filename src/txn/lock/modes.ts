/**
 * What locks there are, and which of them go together: the tables of PostgreSQL's chapter 13.3 as bit masks, so that a
 * look at what others hold is one AND.
 */

export type TableMode =
  | 'access share'
  | 'row share'
  | 'row exclusive'
  | 'share update exclusive'
  | 'share'
  | 'share row exclusive'
  | 'exclusive'
  | 'access exclusive';

/** From the weakest to the strongest; a mode's bit is 1 << its place. */
export const TABLE_MODES: readonly TableMode[] = [
  'access share',
  'row share',
  'row exclusive',
  'share update exclusive',
  'share',
  'share row exclusive',
  'exclusive',
  'access exclusive',
];

/** Modes that conflict with each mode, as bits: access share first. */
const TABLE_CONFLICTS: readonly number[] = [
  0b1000_0000, // access share: access exclusive alone
  0b1100_0000, // row share: exclusive and stronger
  0b1111_0000, // row exclusive: share and stronger
  0b1111_1000, // share update exclusive: itself and stronger
  0b1110_1100, // share: row exclusive, share update exclusive, share row exclusive and stronger
  0b1111_1100, // share row exclusive: row exclusive and stronger
  0b1111_1110, // exclusive: all but access share
  0b1111_1111,
];

/** What statements take by running (space.ts): these conflict with none of their own kind. */
export const WEAK_MODES = 7;
export const SHARE = 16;
export const SHARE_ROW_EXCLUSIVE = 32;
export const ACCESS_EXCLUSIVE = 128;

export function tableBit(mode: TableMode): number {
  return 1 << TABLE_MODES.indexOf(mode);
}

/** All modes that conflict with any of the modes in a mask. */
export function tableConflicts(mask: number): number {
  let conflicts = 0;
  for (let i = 0; i < TABLE_CONFLICTS.length; i++)
    if ((mask & (1 << i)) !== 0) conflicts |= TABLE_CONFLICTS[i] as number;
  return conflicts;
}

/** pg_locks' names of the modes in a mask: AccessShareLock … */
export function tableModeNames(mask: number): string[] {
  return TABLE_MODES.filter((_, i) => (mask & (1 << i)) !== 0).map(
    (mode) => `${mode.split(' ').map(capital).join('')}Lock`,
  );
}

function capital(word: string): string {
  return (word[0] ?? '').toUpperCase() + word.slice(1);
}

/** Row locks: FOR KEY SHARE, FOR SHARE, FOR NO KEY UPDATE, FOR UPDATE. */
export const KEY_SHARE = 1;
export const ROW_FOR_SHARE = 2;
export const NO_KEY_UPDATE = 4;
export const FOR_UPDATE = 8;

const ROW_CONFLICTS: readonly number[] = [
  FOR_UPDATE,
  NO_KEY_UPDATE | FOR_UPDATE,
  ROW_FOR_SHARE | NO_KEY_UPDATE | FOR_UPDATE,
  KEY_SHARE | ROW_FOR_SHARE | NO_KEY_UPDATE | FOR_UPDATE,
];

export type RowStrength = 'key share' | 'share' | 'no key update' | 'update';

const ROW_STRENGTHS: readonly RowStrength[] = ['key share', 'share', 'no key update', 'update'];

export function rowBit(strength: RowStrength): number {
  return 1 << ROW_STRENGTHS.indexOf(strength);
}

export function rowConflicts(mask: number): number {
  let conflicts = 0;
  for (let i = 0; i < ROW_CONFLICTS.length; i++) if ((mask & (1 << i)) !== 0) conflicts |= ROW_CONFLICTS[i] as number;
  return conflicts;
}

/** The strongest of a mask, as FOR … writes it. */
export function rowStrength(mask: number): RowStrength {
  return ROW_STRENGTHS[31 - Math.clz32(mask)] ?? 'key share';
}
