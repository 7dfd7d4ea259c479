// Quantized operators on generated cases: exactly their formulas on both backends (real numbers to the last bits), on
// integer kernels, and within one step of onnxruntime-web, a second witness that did not write the formulas.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Engine, flavours, tensor } from './support/insitu.mjs';
import { operators, quantizedCase } from './support/quantized-cases.mjs';
import { witness } from './support/witness.mjs';

const kCases = 24;  // an operator
/* onnxruntime has other arithmetic here: it computes MatMulNBits with quantized inputs where it can. */
const kTolerance = { MatMulNBits: 2e-2 };
/* The reference sums in double; in float32 an error is a share of the terms, which are hundreds of times the largest sum. */
const kRounding = { MatMulNBits: 1e-5 };

let engine;
before(async () => { engine = await Engine.create({ worker: false, flavour: flavours[0] }); });
after(() => engine.dispose());

async function run({ model, feeds }, backend) {
  const session = await engine.load(model, { backend, monitor: false });
  try {
    const given = Object.entries(feeds).map(([name, { dtype, dims, data }]) => [name, tensor(data, dims, dtype)]);
    const { y } = await session.run(Object.fromEntries(given));
    return { data: Array.from(y.data, Number), explained: await session.explain() };
  } finally {
    await session.dispose();
  }
}

function assertWithin(got, expected, dtype, tolerance, what) {
  const isReal = dtype === 'float32';
  const size = Math.max(1, ...expected.map(Math.abs));
  got.forEach((value, i) => {
    const limit = isReal ? tolerance * size : dtype === 'int32' ? 0 : 1;
    assert.ok(Math.abs(value - expected[i]) <= limit, `${what}: element ${i} is ${value}, not ${expected[i]}`);
  });
}

for (const operator of operators) {
  test(operator, async () => {
    let witnessed = 0;
    for (let index = 0; index < kCases; index++) {
      const one = quantizedCase(operator, index);
      const what = `${operator}, case ${index}`;
      const auto = await run(one, 'auto');
      const plain = await run(one, 'reference');
      const exact = (one.exact ?? plain.data).map((value) => value + 0);  // without -0
      if (one.dtype === 'float32') assertWithin(auto.data, exact, 'float32', kRounding[operator] ?? 1e-6, what);
      else assert.deepEqual(auto.data, exact, what);
      assert.deepEqual(plain.data.map((value) => value + 0), exact, what);
      const slow = auto.explained.filter(({ on }) => on === 'reference');
      assert.deepEqual(slow.map(({ op, why }) => `${op}: ${why}`), [], `${what} has no integer kernel`);
      const expected = (await witness(one.model, one.feeds))?.y;
      if (!expected) continue;
      witnessed++;
      assertWithin(auto.data, expected, one.dtype, kTolerance[operator] ?? 1e-5, what);
    }
    assert.ok(witnessed > 0, `onnxruntime-web took none of the cases of ${operator}`);
  });
}
