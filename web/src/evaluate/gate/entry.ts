// gate(), whose checks are loaded when they are asked for.
import { InsituError } from 'insitu';
import { onDemand } from '../../on-demand.js';
import type { GateEvidence, GateReport, GateThresholds } from './types.js';

/**
 * Whether a model fulfils what a release must fulfil, check by check. What a threshold needs and the evidence lacks fails, and says so;
 * InvalidArgument for thresholds that are none.
 */
export async function gate(thresholds: GateThresholds, evidence: GateEvidence): Promise<GateReport> {
  const { judge } = await onDemand(InsituError, 'gate.js', import('./gate.js'));
  return judge(thresholds, evidence);
}
