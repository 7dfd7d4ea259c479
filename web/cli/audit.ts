// insitu audit verify: whether an audit log holds, and if not, which entry does not and what was done to it.
import { readFileSync } from 'node:fs';
import { verifyLog } from '../src/audit/verify.js';
import { fail, toInsituError } from '../src/errors.js';
import { onePositional, printer, refuse, writeJson } from './command.js';
import type { Command } from './command.js';
import { checkOutputs } from './output.js';

export const audit: Command = {
  summary: 'checks an audit log and says where it was changed',
  help: `usage: insitu audit verify FILE [--head HASH] [--json FILE]

FILE is what the export() of an AuditLog gave, or its file. Prints how many entries hold and the hash of the last one. The exit
status is 1 where an entry does not hold: its line, and whether it was changed, inserted, duplicated or reordered, or entries before
it were removed.

  --head HASH      a hash that was kept elsewhere; without one nobody can tell whether entries at the end are missing, or all
                   were written anew
  --json FILE      writes {holds, entries, head, torn, problem: {line, what, why}}; - is standard output

example: insitu audit verify audit.jsonl`,
  options: { head: { type: 'string' }, json: { type: 'string' } },
  async run(flags, [command, ...positionals]) {
    if (command !== 'verify') refuse(command === undefined ? 'pass verify and one FILE' : `there is no 'insitu audit ${command}'`);
    const file = onePositional(positionals, 'FILE');
    const head = flags.head === undefined ? undefined : String(flags.head).toLowerCase();
    if (head !== undefined && !/^[0-9a-f]{64}$/.test(head)) refuse(`--head wants the 64 hexadecimal digits of a hash, not '${head}'`);
    checkOutputs({ '--json': flags.json }, [['FILE', file]]);
    const print = printer(flags);
    const { holds, entries, head: last, torn, problem } = await verifyLog(read(file), head);
    for (const line of torn) print(`line ${line}: broke off while it was written, as the entry after it says`);
    if (problem) print(`line ${problem.line}: ${problem.what}: ${problem.why}`);
    print(`${entries === 1 ? '1 entry holds' : `${entries} entries hold`}; the last has the hash ${last}`);
    if (flags.json !== undefined) writeJson(flags.json, JSON.stringify({ holds, entries, head: last, torn, problem }, null, 2));
    return holds ? 0 : 1;
  },
};

function read(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (thrown) {
    return fail('Network', `cannot read ${file}: ${toInsituError(thrown).message}`, 'Check the path of the file.', thrown);
  }
}
