/** How many helper workers an engine may have (exec/helpers/pool.ts). */
import type { Host } from '../../base/host.ts';

export interface HelpOptions {
  readonly host: Host;
  readonly options: { readonly helpers?: number | 'auto' | undefined };
}

/** More than these hardly help: they wait for the engine's thread, which merges what they give. */
const MOST_BY_ITSELF = 3;
const MOST = 16;

/** 0 where statements run alone. */
export function helperCount({ host, options: { helpers = 'auto' } }: HelpOptions): number {
  if (host.startHelper === undefined) return 0;
  return helpers === 'auto' ? Math.min(MOST_BY_ITSELF, host.spareProcessors ?? 0) : Math.min(MOST, helpers);
}
