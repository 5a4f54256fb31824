/**
 * How a session wants values printed and read, by its settings DateStyle, IntervalStyle, bytea_output and
 * extra_float_digits. Contexts without settings (what is stored, what goes to the page) have the plain forms.
 */
import type { EvalContext } from '../eval-context.ts';

export interface DateStyle {
  readonly style: 'SQL' | 'Postgres' | 'German';
  readonly dayFirst: boolean;
}

export type FieldOrder = 'MDY' | 'DMY' | 'YMD';

function settingOf(context: EvalContext, name: string): string | undefined {
  // Contexts of storage are partial ones.
  return (context as Partial<EvalContext>).setting === undefined ? undefined : context.setting(name);
}

/** Null for ISO. */
export function dateStyle(context: EvalContext): DateStyle | null {
  const value = settingOf(context, 'datestyle');
  if (value === undefined || value.startsWith('ISO')) return null;
  const [style, order] = value.split(', ');
  if (style !== 'SQL' && style !== 'Postgres' && style !== 'German') return null;
  return { style, dayFirst: order === 'DMY' };
}

/** Which number comes first in `01/02/2003`. */
export function fieldOrder(context: EvalContext): FieldOrder {
  const order = settingOf(context, 'datestyle')?.split(', ')[1];
  return order === 'DMY' || order === 'YMD' ? order : 'MDY';
}

export function intervalStyle(context: EvalContext): string {
  return settingOf(context, 'intervalstyle') ?? 'postgres';
}

export function escapesBytes(context: EvalContext): boolean {
  return settingOf(context, 'bytea_output') === 'escape';
}

/** Digits more than a float is sure of; above zero: the shortest text that reads back as the same. */
export function extraFloatDigits(context: EvalContext): number {
  return Number(settingOf(context, 'extra_float_digits') ?? '1');
}
