/**
 * The parts of the engine's worker.
 *
 * A page waits for the bytes and the compilation of its worker before it sees a row. So the build cuts the worker in
 * three (scripts/worker-parts.ts): worker.js with what opening a database and reading rows by key need, the part `late`
 * with what an ordinary page needs sooner or later, and the part `rare` with what few pages ever need. The engine's
 * sources know nothing of the cut: in a part, what it takes from one that comes later is a stand-in that behaves like it
 * once it is there, and throws PartMissing before. The session then loads the part and begins the statement anew; so a
 * statement must not have had an effect that lasts when it first meets a stand-in. In process the engine is whole and
 * none exist.
 */

/** In the order in which they are loaded: `rare` comes with `late`. */
export type PartName = 'late' | 'rare';

/** Thrown where a part is needed and not loaded. Never reaches a user. */
export class PartMissing extends Error {
  override readonly name = 'PartMissing';
  readonly part: PartName;

  constructor(part: PartName) {
    super(`the part "${part}" of the engine is not loaded yet`);
    this.part = part;
  }
}

/** What work gives that needs a part; undefined where that is not there yet. */
export function ifThere<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof PartMissing) return undefined;
    throw error;
  }
}

/** Stands for a function, class or object of a part that `find` gives once it is there. */
export function standIn(part: PartName, find: () => object | undefined): object {
  const found = (): object => {
    const real = find();
    if (real === undefined) throw new PartMissing(part);
    return real;
  };
  return new Proxy(function standsIn() {}, {
    apply: (_, self, args) => Reflect.apply(found() as () => unknown, self, args) as unknown,
    construct: (_, args, target) => Reflect.construct(found() as new () => object, args, target) as object,
    get: (_, key) => Reflect.get(found(), key) as unknown,
    has: (_, key) => Reflect.has(found(), key),
    ownKeys: () => Reflect.ownKeys(found()),
    getOwnPropertyDescriptor: (_, key) => Reflect.getOwnPropertyDescriptor(found(), key),
  });
}
