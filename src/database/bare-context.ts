/** A context for values of the engine's own, before there is a session. */
import { Cancellation } from '../base/cancel.ts';
import type { Host } from '../base/host.ts';
import { Random } from '../base/random.ts';
import { CatalogState } from '../catalog/catalog.ts';
import { systemObjects } from '../catalog/system-objects.ts';
import type { EvalContext } from '../sql/eval-context.ts';
import { evalContext } from './core.ts';
import type { Sequences } from './sequences.ts';
import { Settings } from './settings.ts';

export function bareContext({ host }: { readonly host: Host }, sequences: Sequences): EvalContext {
  return evalContext({
    core: { host: host, sequences },
    settings: new Settings(),
    random: new Random(1),
    sequences: { current: new Map(), last: null },
    catalog: new CatalogState(0, systemObjects()),
    snapshot: 0,
    transaction: { startedAt: host.now(), readOnly: false },
    cancellation: new Cancellation(),
    sessionId: 0,
  });
}
