// insitu ops: the operators that the engine knows.
import { createEngine } from './command.js';
import type { Command } from './command.js';

export const ops: Command = {
  summary: 'lists the operators that are supported',
  help: `usage: insitu ops [--json]

A line per operator: its name, the opset versions in which it changed, and whether fast kernels may take it.

  --json           writes them as JSON`,
  options: { json: { type: 'boolean' } },
  async run(flags) {
    const engine = await createEngine({});
    try {
      const operators = await engine.operators();
      const fullName = ({ domain, name }: { domain: string; name: string }) => (domain ? `${domain}.${name}` : name);
      operators.sort((a, b) => (fullName(a) < fullName(b) ? -1 : 1));
      if (flags.json) console.log(JSON.stringify(operators, null, 2));
      else {
        for (const operator of operators) {
          const since = `opset ${operator.since.join(', ')}`;
          console.log(`${fullName(operator).padEnd(40)} ${since.padEnd(28)} ${operator.lowered ? 'fast' : 'reference'}`);
        }
        console.log(`${operators.length} operators`);
      }
      return 0;
    } finally {
      await engine.dispose();
    }
  },
};
