// insitu/privacy: what an app that reports results can take out of them first, and what a server makes of such reports.
/** Reports that say little of a single input: rounded scores, randomised labels, their estimate. @module insitu/privacy */
export { estimate } from './estimate.js';
export type { EstimateOptions, ShareEstimate } from './estimate.js';
export { labelReporter } from './reporter.js';
export type { LabelQuestion, LabelReporter, LabelReporterOptions } from './reporter.js';
export { rounded } from './rounded.js';
export type { RoundedOptions } from './rounded.js';
export type { LabelStore } from './store.js';
