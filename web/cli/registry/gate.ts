// The verdict of a gate, as its report says it: `passed` as true or false, or `verdict` as a word.
// Invariant: a report that does not say it is refused; nothing is taken for a pass.
import { fail } from '../../src/errors.js';
import type { RegistryGate } from '../../src/registry/format.js';

export function verdictIn(bytes: Uint8Array, called: string): RegistryGate['verdict'] {
  let report: unknown;
  try {
    report = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    // refused below
  }
  const { passed, verdict } = Object(report) as { passed?: unknown; verdict?: unknown };
  if (passed === true || (passed === undefined && (verdict === 'passed' || verdict === 'pass'))) return 'passed';
  if (passed === false || (passed === undefined && (verdict === 'failed' || verdict === 'fail'))) return 'failed';
  return fail('InvalidArgument', `${called} is no report of a gate: it has no verdict`,
    'Pass the JSON that the gate wrote: {"passed": true} or {"verdict": "passed"}, with whatever else.');
}
