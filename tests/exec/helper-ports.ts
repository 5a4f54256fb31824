/** Helper workers in this thread: messages are cloned as between threads, and each comes in a turn of its own. */
import type { HelperWorker, Host } from '../../src/base/host.ts';
import type { FromHelper, ToHelper } from '../../src/exec/helpers/messages.ts';
import { serveHelper } from '../../src/database/helping/server.ts';
import { testHost } from '../database/helper.ts';

export interface Helping {
  readonly host: Host;
  /** Messages that helpers have sent. */
  readonly sent: FromHelper[];
  /** Messages that helpers have got. */
  readonly received: ToHelper[];
  started: number;
  ended: number;
}

export interface Faults {
  /** A message that the helper does not live to see. */
  readonly diesOf?: (message: ToHelper, count: number) => boolean;
  /** A message that it passes over. */
  readonly ignores?: () => boolean;
}

export function helpingHost(faults: Faults = {}): Helping {
  const host = testHost();
  const helping: Helping = {
    host: { ...host, spareProcessors: 1, startHelper: () => spawn(host, helping, faults) },
    sent: [],
    received: [],
    started: 0,
    ended: 0,
  };
  return helping;
}

function spawn(host: Host, helping: Helping, { diesOf, ignores }: Faults): HelperWorker {
  helping.started++;
  let isAlive = true;
  let toHelper: (message: unknown) => void = () => undefined;
  let toEngine: (message: unknown) => void = () => undefined;
  const onError: ((event: object) => void)[] = [];
  const later = (deliver: () => void): void => void setImmediate(() => isAlive && deliver());
  setImmediate(() => {
    serveHelper(
      {
        post: (message, transfer) => {
          const copy = structuredClone(message, { transfer });
          later(() => {
            helping.sent.push(copy as FromHelper);
            toEngine(copy);
          });
        },
        listen: (onMessage) => void (toHelper = onMessage),
      },
      host,
    );
  });
  return {
    postMessage(message, transfer) {
      const copy = structuredClone(message, { transfer }) as ToHelper;
      later(() => {
        helping.received.push(copy);
        if (ignores?.() === true) return;
        if (diesOf?.(copy, helping.received.length) !== true) {
          toHelper(copy);
          return;
        }
        isAlive = false;
        for (const fail of onError) fail({});
      });
    },
    addEventListener(type, listener) {
      if (type === 'message') toEngine = (data) => listener({ data });
      else if (type === 'error') onError.push(listener);
    },
    terminate() {
      isAlive = false;
      helping.ended++;
    },
  };
}
