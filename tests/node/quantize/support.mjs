// Drawings to calibrate and judge with: of the second generator, which training never saw; those to judge by other hands.
import { readFileSync } from 'node:fs';

import { Hand, rasterize } from '../../models/second-generator.mjs';
import { tensor } from '../support/insitu.mjs';

export const handwriting = new URL('../../../models/handwriting/handwriting_fp32.onnx', import.meta.url);
export const floatBytes = readFileSync(handwriting);

/** { feeds, label } each, of one hand after the other. */
export function drawings(count, firstHand) {
  return Array.from({ length: count }, (_, i) => {
    const { digit, strokes } = new Hand(firstHand + i).next();
    return { feeds: { image: tensor(rasterize(strokes), [1, 1, 28, 28]) }, label: digit };
  });
}

/** Labels of the highest probabilities, and the share of right ones. */
export async function judged(engine, model, samples) {
  const session = await engine.load(model, { monitor: false });
  const labels = [];
  for (const { feeds } of samples) {
    const { data } = (await session.run(feeds)).probabilities;
    labels.push(data.indexOf(Math.max(...data)));
  }
  const { metadata } = session, rows = await session.explain();
  await session.dispose();
  return { labels, accuracy: labels.filter((label, i) => label === samples[i].label).length / samples.length, metadata, rows };
}
