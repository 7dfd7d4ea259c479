// insitu/cost: cloud against device, from what was measured and the prices that somebody types. docs/how-to/cost.md shows it.
/** What inference costs in the cloud and on the device, by formulas that can be read. @module insitu/cost */
import { fail } from '../fail.js';
import type { CostInput } from './fields.js';
import { report } from './report.js';
import type { CostReport } from './report.js';

export { costFields } from './fields.js';
export type { CostField, CostFieldName, CostGroup, CostInput } from './fields.js';
export { costFormulas } from './formulas.js';
export type { CostFormula, CostFormulaName } from './formulas.js';
export type { BreakEven, BreakEvenAt, BreakEvenNowhere, BreakEvenUnknown, CostLeftOut, CostLine, CostReport } from './report.js';

/** Cloud against device, as far as the numbers go. InvalidArgument for numbers that are negative, NaN or out of bounds, and unknown names. */
export function cost(input: CostInput): CostReport {
  return report(fail, input);
}
