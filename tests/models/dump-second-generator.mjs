// Writes drawings of the second generator for the Python checks:
//   node dump-second-generator.mjs images HANDS PER_HAND PEN FIRST_SEED   raw float32 images, then uint8 labels
//   node dump-second-generator.mjs strokes HANDS PER_HAND FIRST_SEED      JSON [{digit, hand, strokes}]
import { Hand, rasterize } from './second-generator.mjs';

const [what, ...numbers] = process.argv.slice(2);
const [hands, perHand, ...rest] = numbers.map(Number);
if (!['images', 'strokes'].includes(what) || !(hands > 0) || !(perHand > 0)) {
  console.error('usage: dump-second-generator.mjs images HANDS PER_HAND PEN FIRST_SEED | strokes HANDS PER_HAND FIRST_SEED');
  process.exit(2);
}
const [pen, firstSeed] = what === 'images' ? rest : [0, rest[0]];
const images = new Float32Array(what === 'images' ? hands * perHand * 784 : 0);
const drawings = [];
for (let h = 0; h < hands; h++) {
  const hand = new Hand(firstSeed + h);
  for (let i = 0; i < perHand; i++) {
    const { digit, strokes } = hand.next();
    if (what === 'images') images.set(rasterize(strokes, pen), drawings.length * 784);
    drawings.push({ digit, hand: firstSeed + h, strokes });
  }
}
if (what === 'strokes') {
  process.stdout.write(JSON.stringify(drawings));
} else {
  process.stdout.write(Buffer.from(images.buffer));
  process.stdout.write(Buffer.from(drawings.map((d) => d.digit)));
}
