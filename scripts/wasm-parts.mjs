// What the WebAssembly is made of: prints a Markdown table of the parts of a module and their sizes, from the linker's map.
// The map is made before the optimiser's last pass, so that sizes are in proportion rather than exact; the packed size of
// each part is its share of the whole.
//
// usage: node scripts/wasm-parts.mjs [FLAVOUR]    default relaxed-st; npm run build makes it
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { measureSizes } from './check-size.mjs';
import { buildDir } from './lib/paths.mjs';
import { runMain } from './lib/progress.mjs';

// [what is shown, the objects it takes], the first that matches.
const kOperators = [
  ['convolution, pooling, linear layers', /conv|pool|gemm|matmul|einsum|col2im|spatial/],
  ['quantization', /quant|qlinear|requant|dynamic_/],
  ['attention, transformers', /attention|rotary|heads|embed|longformer|moe|beam|sampling|decoder|padding_mask/],
  ['normalization, softmax, activations', /norm|softmax|activation|gelu|dropout|elu\.|sigmoid|softplus|softsign|swish|mish|hardmax|lrn|unary/],
  ['recurrent', /gru|lstm|rnn|recurrent|cell/],
  ['control flow, sequences, optional values', /control_flow|^if\.|loop|scan|sequence|optional|concat_from|split_to/],
  ['strings', /string|regex|tfidf|tf_idf|tokeni|label_encoder|word/],
  ['trees, SVMs, scikit-learn', /tree|forest|svm|linear_classifier|linear_regressor|scaler|imputer|one_hot|binarizer|dict_vector|zip_map|feature|category|class_scores|array_feature/],
  ['image and signal', /resize|upsample|image|affine|grid_sample|roi|non_max|fft|dft|stft|window|mel|bernoulli|random|crop/],
  ['loss and training', /loss|gradient|adam|momentum|adagrad/],
];
const kParts = [
  ['XNNPACK', /xnnpack|pthreadpool/],
  ['insitu\'s kernels', /exec_kernels|exec_xnn/],
  ...kOperators.map(([name, pattern]) => [`operators: ${name}`, (path) => /insitu_ops/.test(path) && pattern.test(path.replace(/.*[(/]/, ''))]),
  ['operators: element-wise, shapes, reductions, the rest', /insitu_ops/],
  ['passes', /insitu_passes/],
  ['ONNX import', /insitu_onnx\.|insitu_onnx\b(?!_proto)/],
  ['protobuf and ONNX\'s messages', /protobuf|onnx_proto/],
  ['monitor', /insitu_monitor/],
  ['graph, planner, executor, session', /insitu_(base|ir|plan|exec|session|preprocess)/],
  ['bindings and Embind', /bindings|embind/],
  ['C and C++ libraries', /sysroot\/lib\/|<internal>/],
  ['other', /./],
];

function* contributions(map) {
  for (const line of map.split('\n')) {
    const match = /^ +\S+ +[0-9a-f]+ +([0-9a-f]+) {9}(\S+)/.exec(line);
    if (match) yield { bytes: parseInt(match[1], 16), path: match[2].replace(/:\(.*$/, '') };
  }
}

export function partsOf(map) {
  const sizes = new Map(kParts.map(([name]) => [name, 0]));
  for (const { bytes, path } of contributions(map)) {
    const [name] = kParts.find(([, takes]) => (takes instanceof RegExp ? takes.test(path) : takes(path)));
    sizes.set(name, sizes.get(name) + bytes);
  }
  return [...sizes].filter(([, bytes]) => bytes > 0);
}

await runMain(async () => {
  const flavour = process.argv[2] ?? 'relaxed-st';
  const path = join(buildDir, flavour.split('-')[1], `insitu-${flavour}.map`);
  if (!existsSync(path)) throw new Error(`There is no ${path}: npm run build makes it.`);
  const parts = partsOf(readFileSync(path, 'utf8')).sort(([, a], [, b]) => b - a);
  const whole = parts.reduce((sum, [, bytes]) => sum + bytes, 0);
  const packed = (await measureSizes()).find(({ name }) => name === `insitu-${flavour}.wasm`)?.size;
  const number = (value) => Math.round(value).toLocaleString('en-US');
  console.log('| part | bytes | share | about, packed |\n| --- | ---: | ---: | ---: |');
  for (const [name, bytes] of parts) {
    console.log(`| ${name} | ${number(bytes)} | ${(100 * bytes / whole).toFixed(1)} % | ${packed ? number(packed * bytes / whole) : ''} |`);
  }
});
