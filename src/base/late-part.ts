/**
 * The late part: what the engine's worker loads after its first answer.
 *
 * A page waits for the bytes and the compilation of its worker before it sees a row. So the build cuts worker.js in two
 * (scripts/late-part.ts): what opening a database and reading rows by key need, and the rest. The engine's
 * sources know nothing of the cut: in the first half, what the second exports is a stand-in that behaves like it once it
 * is there, and throws PartMissing before. The session then loads the part and begins the statement anew; so a statement
 * must not have had an effect that lasts when it first meets a stand-in. In process the engine is whole and none exist.
 */

/** Thrown where the late part is needed and not loaded. Never reaches a user. */
export class PartMissing extends Error {
  override readonly name = 'PartMissing';

  constructor() {
    super('a part of the engine is not loaded yet');
  }
}

/** Stands for a function, class or object that `find` gives once it is there. */
export function standIn(find: () => object | undefined): object {
  const found = (): object => {
    const real = find();
    if (real === undefined) throw new PartMissing();
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
