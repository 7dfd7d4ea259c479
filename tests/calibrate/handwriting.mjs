// The watch of the handwriting model, through the package as a page uses it, on drawings of the second generator: how soon a
// hand that changes what it does is noticed, and how seldom one that does not. Prints rows like calibrate.cc's; ends with 1
// where a bound does not hold.
import { readFileSync } from 'node:fs';
import { Engine, flavours, tensor } from '../node/support/insitu.mjs';
import { Hand, PEN, rasterize } from '../models/second-generator.mjs';

const seeds = 100, longest = 60, calm = 45, clean = 10_000, cleanHands = 10;
const models = new URL('../../models/handwriting/', import.meta.url);
const model = readFileSync(new URL('handwriting_int8.onnx', models));
const profile = JSON.parse(readFileSync(new URL('handwriting.profile.json', models), 'utf8'));

const digit = (hand) => rasterize(hand.next().strokes);
const quarter = 7;  // of the canvas, in pixels of the image
const drifts = {
  'a pen twice as thick': (hand) => rasterize(hand.next().strokes, 2 * PEN),
  'inverted colours': (hand) => digit(hand).map((ink) => 1 - ink),
  'letters for digits': (hand) => rasterize(hand.letter()),
  'a canvas shifted by a quarter': (hand) => {
    const image = digit(hand);
    return image.map((_, i) => (i % 28 < quarter || i < 28 * quarter ? 0 : image[i - 28 * quarter - quarter]));
  },
};

const engine = await Engine.create({ flavour: flavours[0] });
const session = await engine.load(model, { monitor: { profile } });
const run = (image) => session.run({ image: tensor(image, [1, 1, 28, 28]) });
let alarms = 0;
session.monitor.addEventListener('drift', () => alarms++);
let allHold = true;
const report = (what, bound, measured, holds) => {
  console.log(`${what} | ${bound} | ${measured} | ${holds ? 'yes' : 'NO'}`);
  allHold &&= holds;
};

for (const [name, draw] of Object.entries(drifts)) {
  const delays = [];
  for (let seed = 0; seed < seeds; seed++) {
    const hand = new Hand(90_000 + seed);
    await session.monitor.reset();
    alarms = 0;
    for (let i = 0; i < calm; i++) await run(digit(hand));
    if (alarms > 0) {
      delays.push(longest + 1);  // false, and so not found
      continue;
    }
    let drawings = 0;
    while (alarms === 0 && drawings++ <= longest) await run(draw(hand));
    delays.push(drawings);
  }
  delays.sort((a, b) => a - b);
  const median = delays[seeds / 2], found = delays.filter((delay) => delay <= longest).length;
  report(`handwriting, ${name}: median drawings of ${seeds} hands to the alarm`, `${longest}`,
    `${median > longest ? `over ${longest}` : median} (${found} hands within ${longest})`, median <= longest);
}

let falsely = 0;
for (let seed = 0; seed < cleanHands; seed++) {
  const hand = new Hand(95_000 + seed);
  await session.monitor.reset();
  alarms = 0;
  for (let i = 0; i < clean / cleanHands; i++) await run(digit(hand));
  falsely += alarms;
}
report(`handwriting, ${clean.toLocaleString('en-US')} clean drawings of ${cleanHands} hands: false alarms`, '1', `${falsely}`, falsely <= 1);
await engine.dispose();
process.exitCode = allHold ? 0 : 1;
