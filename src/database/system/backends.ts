/** Sessions as the system's relations and functions show and end them. */
import { DriftError } from '../../base/error.ts';
import type { Host } from '../../base/host.ts';

/** Microseconds since 1970 of a moment on the monotone clock. */
export function timeOf(ms: number, host: Pick<Host, 'monotonicMs'>, nowMicros: number): number {
  return nowMicros - Math.round((host.monotonicMs() - ms) * 1000);
}

export function terminated(): DriftError {
  return new DriftError('57P01', 'terminating connection due to administrator command');
}
