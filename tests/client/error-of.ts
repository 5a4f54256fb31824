/** The error a call ends with; fails where it does not. */
import { DriftError } from '../../src/base/error.ts';

export async function errorOf(call: Promise<unknown>): Promise<DriftError> {
  const error: unknown = await call.then(
    () => new Error('no error'),
    (reason: unknown) => reason,
  );
  if (error instanceof DriftError) return error;
  throw error;
}
