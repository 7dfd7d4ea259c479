// What insitu/suspicion finds on the handwriting model, int8, of the second generator's drawings, each by another hand: false alarms
// on clean ones, and the share of inputs found that were made, on the float twin, to be taken for another class. The table of
// docs/how-to/suspicious-inputs.md is what this prints; an argument sets how many digits are attacked.
import { readFileSync } from 'node:fs';
import { Engine, tensor } from '../node/support/insitu.mjs';
import { Hand, rasterize } from '../models/second-generator.mjs';
import { attacker } from '../support/adversarial.mjs';

const { suspicion } = await import(new URL('../../dist/suspicion.js', import.meta.url).href);
const digits = Number(process.argv[2] ?? 50), calibrating = 2000, clean = 4000;
const dims = [1, 1, 28, 28];
const models = new URL('../../models/handwriting/', import.meta.url);
const kDigits = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], kReject = 10;

function drawing(seed) {
  const { digit, strokes } = new Hand(seed).next();
  return { digit, image: rasterize(strokes) };
}
const feeds = (image) => ({ image: tensor(image, dims) });

const engine = await Engine.create({ threads: 2 });
const load = (name) => engine.load(readFileSync(new URL(name, models)));
const session = await load('handwriting_int8.onnx'), twin = await load('handwriting_fp32.onnx');
const judge = suspicion(session);
const { threshold } = await judge.calibrate(Array.from({ length: calibrating }, (_, i) => feeds(drawing(100_000 + i).image)));
let alarms = 0;
for (let i = 0; i < clean; i++) alarms += Number((await judge.score(feeds(drawing(200_000 + i).image))).suspicious);
console.log(`threshold ${threshold.toFixed(3)}; of ${clean} clean drawings ${((100 * alarms) / clean).toFixed(1)} % are suspicious`);

/* For an attacker who knows of the median. Four bits change nearly nothing. */
const white = attacker({ session: twin, tensor }), black = attacker({ session, tensor });
const median = (image) => Float32Array.from(image, (_, i) => {
  const [x, y] = [i % 28, Math.floor(i / 28)], [left, above] = [Math.max(0, x - 1), Math.max(0, y - 1)];
  return [image[above * 28 + left], image[above * 28 + x], image[y * 28 + left], image[i]].sort((a, b) => a - b)[2];
});
const another = (image, digit) => white.nearest(image, digit, kDigits);
const attacks = {
  'another digit, pixels within 0.05, 8 steps': [another, (image, target) => white.signs(image, target, { reach: 0.05, steps: 8 })],
  'another digit, pixels within 0.1, 8 steps': [another, (image, target) => white.signs(image, target, { reach: 0.1, steps: 8 })],
  'another digit, pixels within 0.2, 8 steps': [another, (image, target) => white.signs(image, target, { reach: 0.2, steps: 8 })],
  'another digit, at most 8 pixels turned': [another, (image, target) => white.fewPixels(image, target, { most: 8 })],
  '`reject`, pixels within 0.2, 1 step': [() => kReject, (image, target) => white.signs(image, target, { reach: 0.2, steps: 1 })],
  'another digit, pixels within 0.2, 16 steps, by who knows of the median': [another, (image, target) => white.signs(image, target, { reach: 0.2, steps: 16, views: [median] })],
};
for (const [name, [choose, attack]] of Object.entries(attacks)) {
  let made = 0, found = 0;
  for (let i = 0; i < digits; i++) {
    const { digit, image } = drawing(300_000 + i);
    const target = await choose(image, digit);
    const changed = await attack(image, target);
    if (!changed || !await black.isTakenFor(changed, target)) continue;
    made++;
    found += Number((await judge.score(feeds(changed))).suspicious);
  }
  console.log(`| ${name} | ${made} of ${digits} | ${made ? Math.round((100 * found) / made) : '-'} % |`);
}
await engine.dispose();
