/** drift_verify and its kin: what each asks for. What answers is in database/proof; no expression reaches it. */
import { assert } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import { scalar, T } from './define.ts';
import type { ProofCall, ScalarFunction } from './function.ts';

export const proofFunctions: readonly ScalarFunction[] = [
  proving('drift_enable_proofs', [], T.void, 'enable'),
  proving('drift_digest', [], T.jsonb, 'digest'),
  proving('drift_proof', [T.int8], T.jsonb, 'inclusion'),
  proving('drift_verify', [], T.jsonb, 'verify'),
  proving('drift_verify', [T.jsonb], T.jsonb, 'verify'),
];

function proving(name: string, args: readonly number[], returns: number, proof: ProofCall['proof']): ScalarFunction {
  return {
    ...scalar(name, [...args], returns, unreachable, { volatility: 'volatile' }),
    waits: () => 0,
    engine: { proof },
  };
}

function unreachable(): Value {
  assert(false, 'a proof is made by the database');
  return null;
}
