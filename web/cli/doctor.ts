// insitu doctor: why threads, SIMD, caching or files are missing, in this Node, in a project, or on a served site.
import { printer, progress, refuse, wholeNumber, writeText } from './command.js';
import type { Command } from './command.js';
import { describeFindings } from './doctor/finding.js';
import { checkNode } from './doctor/node.js';
import { checkProject } from './doctor/project.js';
import { checkSite } from './doctor/site.js';

export const doctor: Command = {
  summary: 'says why threads, SIMD, caching or files are missing',
  help: `usage: insitu doctor [DIR|URL] [--json FILE]

Without an argument: looks at this Node and this package, and starts the engine in each flavour.
DIR: reads package.json, configuration and sources of a project, and names what will not work, without running any of it.
URL: asks a served page and what it loads for their headers: isolation, Content-Security-Policy, media types, caching, compression.
The exit status is 1 where something is wrong; advice alone leaves it 0.

  --threads 1      of a site or project that does with one thread: isolation is not asked for
  --assets URL     the folder of the .wasm files, where the page's scripts do not tell
  --model URL      a model that the page loads; may be repeated
  --json FILE      writes {ok, findings: [{level: ok|advice|wrong, check, what, why, how}]}; - is standard output

example: insitu doctor http://localhost:5173/`,
  options: {
    threads: { type: 'string' }, assets: { type: 'string' }, model: { type: 'string', multiple: true }, json: { type: 'string' },
  },
  async run(flags, positionals) {
    if (positionals.length > 1) refuse('pass one DIR or URL');
    if (flags.threads !== undefined) wholeNumber('--threads', flags.threads);
    const [subject] = positionals;
    const print = printer(flags);
    const findings = subject === undefined ? await checkNode()
      : /^https?:\/\//i.test(subject) ? await checkSite(subject, flags)
      : checkProject(subject, flags);
    const fine = findings.every(({ level }) => level !== 'wrong');
    for (const line of describeFindings(findings)) print(line);
    if (subject === undefined) {
      print('\ninsitu doctor DIR looks at a project, insitu doctor URL at a served page: whether it is cross-origin isolated, above all.');
    }
    progress.clear();
    if (flags.json !== undefined) writeText(flags.json, JSON.stringify({ ok: fine, findings }, null, 2));
    return fine ? 0 : 1;
  },
};
