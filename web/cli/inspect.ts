// insitu inspect: what a model contains, and whether it would run.
import { createEngine, engineFlags, engineHelp, onePositional, printer, writeJson } from './command.js';
import type { Command } from './command.js';
import { findModel, sourceOptions } from './cases.js';
import { describe } from '../src/tensor.js';

export const inspect: Command = {
  summary: 'what a model contains, and whether it would run',
  help: `usage: insitu inspect MODEL [--json FILE]

MODEL is an .onnx file, or a folder with model.onnx. The exit status is 1 where something in it is not supported.

  --json FILE      writes the report as JSON; - is standard output
${engineHelp}`,
  options: { ...engineFlags, json: { type: 'string' } },
  async run(flags, positionals) {
    const model = findModel(onePositional(positionals, 'MODEL'));
    const print = printer(flags);
    const engine = await createEngine(flags);
    try {
      const report = await engine.inspect(model, sourceOptions(model));
      if (flags.json !== undefined) writeJson(flags.json, JSON.stringify(report, null, 2));
      const opsets = Object.entries(report.opsets).map(([domain, version]) => `${domain || 'ai.onnx'} ${version}`);
      print(`${model}: IR ${report.irVersion}, opset ${opsets.join(', ')}${report.producer && `, by ${report.producer}`}`);
      print(`parameters: ${report.parameters.toLocaleString('en')} in ${report.initializerBytes.toLocaleString('en')} bytes`);
      for (const info of report.inputs) print(`input  ${describe(info)}`);
      for (const info of report.outputs) print(`output ${describe(info)}`);
      for (const [key, value] of Object.entries(report.metadata)) {
        print(`metadata ${key}: ${value.length > 100 ? `${value.slice(0, 100)}…` : value}`);
      }
      const operators = Object.entries(report.operators).sort((a, b) => b[1] - a[1]);
      print(`operators: ${operators.map(([op, count]) => `${op} ${count}`).join(', ')}`);
      for (const { node, op, what } of report.unsupported) print(`not supported: ${op} '${node}': ${what}`);
      print(report.runnable ? 'insitu can run it.' : 'insitu cannot run it.');
      return report.runnable ? 0 : 1;
    } finally {
      await engine.dispose();
    }
  },
};
