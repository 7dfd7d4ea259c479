// insitu ops: the operators that the engine knows.
import { checkTarget, printer, refuse, withEngine, writeText } from './command.js';
import type { Command } from './command.js';
import { table } from './text.js';

export const ops: Command = {
  summary: 'lists the operators that are supported',
  help: `usage: insitu ops [--json [FILE]]

A line per operator: its name, the opset versions in which it changed, and whether fast kernels may take it or only the
reference computes it.

  --json [FILE]    writes [{name, domain, since, lowered, types}] instead; without FILE to standard output

example: insitu ops | grep QLinear`,
  options: { json: { type: 'boolean' } },
  async run(flags, positionals) {
    const file = flags.json ? positionals.shift() ?? '-' : undefined;
    if (positionals.length > 0) refuse('insitu ops takes no argument');
    checkTarget('--json', file);
    const operators = await withEngine({}, (engine) => engine.operators());
    const fullName = ({ domain, name }: { domain: string; name: string }) => (domain ? `${domain}.${name}` : name);
    operators.sort((a, b) => (fullName(a) < fullName(b) ? -1 : 1));
    if (file !== undefined) writeText(file, JSON.stringify(operators, null, 2));
    const print = printer({ json: file });
    const rows = operators.map((operator) =>
      [fullName(operator), `opset ${operator.since.join(', ')}`, operator.lowered ? 'fast' : 'reference']);
    for (const line of table(rows)) print(line);
    print(`${operators.length} operators`);
    return 0;
  },
};
