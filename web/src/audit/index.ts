// insitu/audit: a local log of what happened to models, whose later changes show. docs/how-to/audit.md shows how it is used.
/** A hash-chained log of loads, releases, alarms and exports. @module insitu/audit */
export { AuditLog } from './log.js';
export type { AuditOptions } from './log.js';
export { verifyAudit } from './given.js';
export type { AuditEntry } from './entry.js';
export type { AuditProblem, AuditReport } from './verify.js';
