// The report of a gate as text, as Markdown and as JUnit XML.
// Invariant: whatever names of slices or files hold, Markdown stays a table and XML well formed.
// Reference: the JUnit schema of Jenkins' xUnit plugin, https://github.com/jenkinsci/xunit-plugin (junit-10.xsd).
import type { GateCheck, GateReport } from '../../src/evaluate/gate/types.js';
import type { DataDigest, ModelDigest } from '../data/digest.js';
import { cell, paint, table } from '../text.js';

/** With what it is of. */
export interface GateDocument extends GateReport {
  gate: { name: string; sha256: string };
  model: ModelDigest;
  baseline: ModelDigest | null;
  data: DataDigest | null;
}

/** Whether a text is a report of a gate, in one of the three ways. */
export const isReport = (text: string): boolean => /^\{\s*"format": "insitu-gate-report\/|^# (Passed|Failed): |^<\?xml [^\n]*\n<testsuites name="insitu gate"/.test(text);

type Row = GateCheck & { measured: string };

/* With what clocks said, where it is wanted. */
const rowsOf = ({ checks, times = {} }: GateReport): Row[] => checks.map((check, i) => ({ ...check, measured: times[i] ?? check.measured ?? '' }));
const verdictOf = ({ passed, checks }: GateReport) => {
  const count = (verdict: GateCheck['verdict']) => checks.filter((check) => check.verdict === verdict).length;
  const others = (['failed', 'unmeasured', 'skipped'] as const).filter((one) => count(one) > 0).map((one) => `, ${count(one)} ${one}`).join('');
  return `${passed ? 'passed' : 'failed'}: ${count('passed')} of ${checks.length} checks passed${others}`;
};

export function* asText(report: GateDocument): Generator<string> {
  const rows = rowsOf(report);
  const lines = table([['check', 'wanted', 'measured', 'verdict'], ...rows.map(({ check, wanted, measured, verdict }) => [check, wanted, measured, verdict])]);
  yield lines[0]!;
  for (const [i, { verdict, why }] of rows.entries()) {
    const line = lines[i + 1]!, colour = verdict === 'passed' ? 'green' : verdict === 'skipped' ? 'yellow' : 'red';
    yield line.slice(0, line.length - verdict.length) + paint(verdict, colour);
    if (why !== undefined) yield `  ${why}`;
  }
  yield verdictOf(report);
}

export function asMarkdown(report: GateDocument): string {
  const { passed, gate, model, baseline, data } = report;
  const files = [['model', model], ['baseline', baseline], ['data', data], ['gate', gate]] as const;
  return [
    `# ${passed ? 'Passed' : 'Failed'}: ${cell(gate.name)}`, '', verdictOf(report), '',
    '| check | wanted | measured | verdict |', '| --- | --- | --- | --- |',
    ...rowsOf(report).map(({ check, wanted, measured, verdict, why }) =>
      `| ${cell(check)} | ${cell(wanted)} | ${cell(why === undefined ? measured : [measured, why].filter(Boolean).join('; '))} | ${verdict === 'passed' || verdict === 'skipped' ? verdict : `**${verdict}**`} |`), '',
    '| file | name | SHA-256 |', '| --- | --- | --- |',
    ...files.flatMap(([what, file]) => (file ? [`| ${what} | ${cell(file.name)} | ${file.sha256 === null ? '' : `\`${file.sha256}\``} |`] : [])),
  ].join('\n');
}

/* Characters that XML 1.0 cannot hold, escaped or not, become U+FFFD. */
const xml = (text: string) => text.replace(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '\ufffd')
  .replace(/[<>&"'\t\n\r]/g, (char) => `&#${char.charCodeAt(0)};`);

export function asJUnit(report: GateDocument): string {
  const rows = rowsOf(report), { gate } = report, count = (verdict: GateCheck['verdict']) => rows.filter((row) => row.verdict === verdict).length;
  const counts = `tests="${rows.length}" failures="${count('failed')}" errors="${count('unmeasured')}"`;
  const inside = ({ verdict, measured, why }: Row): string => {
    const said = xml([measured, why].filter(Boolean).join('; '));
    if (verdict === 'passed') return said === '' ? '' : `<system-out>${said}</system-out>`;
    const element = { failed: 'failure', unmeasured: 'error', skipped: 'skipped' }[verdict];
    return `<${element} message="${said}"${verdict === 'skipped' ? '' : ` type="${verdict}"`}/>`;
  };
  return [
    '<?xml version="1.0" encoding="UTF-8"?>', `<testsuites name="insitu gate" ${counts}>`,
    `  <testsuite name="${xml(gate.name)}" ${counts} skipped="${count('skipped')}">`,
    ...rows.map((row) => `    <testcase classname="insitu.gate.${row.kind}" name="${xml(`${row.check}: ${row.wanted}`)}">${inside(row)}</testcase>`),
    '  </testsuite>', '</testsuites>',
  ].join('\n');
}
