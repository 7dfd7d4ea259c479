// insitu audit verify: whether an audit log holds, and if not, which entry does not and what was done to it.
import { readFileSync } from 'node:fs';
import { joined, linesOf } from '../src/audit/entry.js';
import { verifyLog } from '../src/audit/verify.js';
import { fail, toInsituError } from '../src/errors.js';
import { printer, refuse, writeText } from './command.js';
import type { Command } from './command.js';
import { checkOutputs } from './output.js';

export const audit: Command = {
  summary: 'checks an audit log and says where it was changed',
  help: `usage: insitu audit verify FILE... [--head HASH] [--json FILE]

FILE is what the export() of an AuditLog gave, or its file; several are one log, the oldest first. Prints how many entries hold and
the hash of the last one, and where the first file goes on from others. The exit status is 1 where an entry does not hold: its line,
and whether it was changed, inserted, duplicated or reordered, or entries before it were removed.

  --head HASH      a hash that was kept elsewhere; without one nobody can tell whether entries at the end are missing, or all
                   were written anew
  --json FILE      writes {holds, entries, head, torn, continues: {entries, head}, problem: {line, what, why}}, lines counted on
                   from file to file; - is standard output

example: insitu audit verify audit.jsonl audit.2.jsonl`,
  options: { head: { type: 'string' }, json: { type: 'string' } },
  async run(flags, [command, ...files]) {
    if (command !== 'verify') refuse(command === undefined ? 'pass verify and a FILE' : `there is no 'insitu audit ${command}'`);
    if (files.length === 0) refuse('pass a FILE');
    const head = flags.head === undefined ? undefined : String(flags.head).toLowerCase();
    if (head !== undefined && !/^[0-9a-f]{64}$/.test(head)) refuse(`--head wants the 64 hexadecimal digits of a hash, not '${head}'`);
    checkOutputs({ '--json': flags.json }, files.map((file) => ['FILE', file]));
    const print = printer(flags);
    const parts = files.map(read);
    const { holds, entries, head: last, torn, continues, problem } = await verifyLog(joined(parts), head);
    const place = (line: number) => placeOf(line, files, parts);
    if (continues) {
      const { entries, head } = continues;
      const missing = entries === 1 ? 'entry 1 is' : `entries 1 to ${entries} are`;
      print(`${files[0]} continues another file: ${missing} not in it; the last of them has the hash ${head}`);
    }
    for (const line of torn) print(`${place(line)}: broke off while it was written, as the entry after it says`);
    if (problem) print(`${place(problem.line)}: ${problem.what}: ${problem.why}`);
    print(`${entries === 1 ? '1 entry holds' : `${entries} entries hold`}; the last has the hash ${last}`);
    if (flags.json !== undefined) writeText(flags.json, JSON.stringify({ holds, entries, head: last, torn, continues, problem }, null, 2));
    return holds ? 0 : 1;
  },
};

/* What that line of all is called. */
function placeOf(line: number, files: readonly string[], parts: readonly Uint8Array[]): string {
  if (files.length === 1) return `line ${line}`;
  let i = 0, own = line;
  for (; i < files.length - 1 && own > linesOf(parts[i]!).length; i++) own -= linesOf(parts[i]!).length;
  return `${files[i]} line ${own}`;
}

function read(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (thrown) {
    return fail('Network', `cannot read ${file}: ${toInsituError(thrown).message}`, 'Check the path of the file.', thrown);
  }
}
