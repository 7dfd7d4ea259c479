// insitu inspect: what a model contains, and whether it would run.
import { describe } from '../src/tensor.js';
import type { TensorInfo } from '../src/tensor.js';
import type { ModelReport } from '../src/types.js';
import { encryptedSourceOptions, findModel, sourceOptions } from './cases.js';
import { engineFlags, engineHelp, onePositional, printer, progress, withEngine, writeText } from './command.js';
import type { Command } from './command.js';
import { flagFiles, modelFiles } from './inputs.js';
import { encryptedEnding, keyFlag, readKey } from './key-file.js';
import { checkOutputs } from './output.js';
import { paint, table } from './text.js';

const longestMetadata = 100;

export const inspect: Command = {
  summary: 'what a model contains, and whether it would run',
  help: `usage: insitu inspect MODEL [--key-file KEY] [--json FILE]

MODEL is an .onnx file, the address of one, or a folder with model.onnx. The exit status is 1 where something in it is not
supported.

  --key-file KEY   what it was encrypted with (insitu encrypt)
  --json FILE      writes {irVersion, opsets, producer, metadata, inputs, outputs, operators, parameters, initializerBytes,
                   runnable, unsupported}; - is standard output
${engineHelp}

example: insitu inspect model.onnx`,
  options: { ...engineFlags, ...keyFlag, json: { type: 'string' } },
  async run(flags, positionals) {
    const model = findModel(onePositional(positionals, 'MODEL'));
    const ending = flags['key-file'] === undefined ? '' : encryptedEnding;
    checkOutputs({ '--json': flags.json }, [...modelFiles(model, 'MODEL', ending), ...flagFiles(flags, 'key-file')]);
    const print = printer(flags);
    const encryption = flags['key-file'] === undefined ? undefined : { key: readKey(flags['key-file']) };
    const source = encryption ? encryptedSourceOptions(model, encryptedEnding) : sourceOptions(model);
    const report = await withEngine(flags, (engine) => engine.inspect(model, { ...source, encryption, onProgress: progress.ofLoading(model) }));
    for (const line of describeReport(model, report)) print(line);
    if (flags.json !== undefined) writeText(flags.json, JSON.stringify(report, null, 2));
    return report.runnable ? 0 : 1;
  },
};

function* describeReport(model: string, report: ModelReport): Generator<string> {
  const opsets = Object.entries(report.opsets).map(([domain, version]) => `${domain || 'ai.onnx'} ${version}`);
  yield `${model}: IR ${report.irVersion}, opset ${opsets.join(', ')}${report.producer && `, by ${report.producer}`}`;
  yield `parameters: ${report.parameters.toLocaleString('en')} in ${report.initializerBytes.toLocaleString('en')} bytes`;
  const row = (kind: string, info: TensorInfo) => [kind, `'${info.name}'`, describe(info).slice(info.name.length + 3)];
  yield* table([...report.inputs.map((info) => row('input ', info)), ...report.outputs.map((info) => row('output', info))], { gap: ' ' });
  for (const [key, value] of Object.entries(report.metadata)) {
    yield `metadata ${key}: ${value.length > longestMetadata ? `${value.slice(0, longestMetadata)}…` : value}`;
  }
  yield 'operators:';
  const operators = Object.entries(report.operators).sort((a, b) => b[1] - a[1]);
  yield* table(operators.map(([op, count]) => [`  ${op}`, String(count)]), { gap: ' ', right: [1] });
  for (const { node, op, what } of report.unsupported) yield `not supported: ${op} '${node}': ${what}`;
  yield report.runnable ? paint('insitu can run it.', 'green') : paint('insitu cannot run it.', 'red');
}
