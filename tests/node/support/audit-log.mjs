// Audit logs in files of a folder that is gone when the tests are over.
import { join } from 'node:path';
import { entriesOf } from '../../support/tampering.mjs';
import { folderOf } from './command-line.mjs';
import { dist } from './insitu.mjs';

export const { AuditLog, verifyAudit } = await import(new URL('audit.js', dist).href);

export const folder = folderOf();
let counter = 0;
export const newFile = () => join(folder, `audit-${counter++}.jsonl`);
export const eventsOf = async (log) => entriesOf(await log.export()).map(({ event }) => event);

/** Lines of a log with some entries. */
export async function sample(count = 7) {
  const log = await AuditLog.open();
  for (let i = 0; i < count; i++) await log.record(`event ${i}`, { i, text: 'ä "quoted" \n', list: [1, { b: 2, a: null }] });
  return (await log.export()).trimEnd().split('\n');
}
