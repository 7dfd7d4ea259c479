// verifyAudit(): what callers give is looked at before the log is.
// Invariant: what is no log never holds. What verifies is in verify.ts, which needs nothing of index.js.
import { checkOptions, fail } from '../fail.js';
import { verifyLog } from './verify.js';
import type { AuditReport } from './verify.js';

/** What a log is held to. @inline */
interface VerifyAuditOptions {
  /** What head() gave at some time. */
  head?: string;
}

const kinds: Readonly<Record<keyof VerifyAuditOptions, string>> = { head: '' };

/**
 * Checks the text or the bytes of a log. `head`: a hash that was written down elsewhere; without one nobody can tell whether entries
 * at the end are missing, or all were written anew.
 */
export async function verifyAudit(log: string | Uint8Array | ArrayBuffer, options: VerifyAuditOptions = {}): Promise<AuditReport> {
  const bytes = typeof log === 'string' ? new TextEncoder().encode(log) : log instanceof ArrayBuffer ? new Uint8Array(log) : log;
  if (!(bytes instanceof Uint8Array)) {
    fail('InvalidArgument', 'the log is no text and no bytes', 'Pass what export() gave, or what is in the file: of a Blob its text().');
  }
  checkOptions(options, kinds);
  const { head } = options;
  if (head !== undefined && (typeof head !== 'string' || !/^[0-9a-f]{64}$/.test(head))) {
    fail('InvalidArgument', 'head is no hash', 'Pass the 64 hexadecimal digits that head() gave.');
  }
  return verifyLog(bytes, head);
}
