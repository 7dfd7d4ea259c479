// The demo page: one engine for all playgrounds, which open when they come into view.
// Invariant: nothing of a playground is loaded before it is opened; every playground stands on its own.

import { Engine } from 'insitu';

import { byId } from './common/dom.js';
import { wordsOf } from './common/problem.js';
import { LazyPlaygrounds } from './shell/lazy.js';

const kPlaygrounds = {
  handwriting: () => import('./handwriting/handwriting.js'),
  image: () => import('./image/image.js'),
  sound: () => import('./sound/sound.js'),
  text: () => import('./text/text.js'),
  lab: () => import('./lab/lab.js'),
  benchmark: () => import('./benchmark/benchmark.js'),
  cost: () => import('./cost/cost.js'),
  graph: () => import('./graph/graph.js'),
};

/* Files that are dropped beside a playground do not take the page's place. */
for (const type of ['dragover', 'drop']) addEventListener(type, (event) => event.preventDefault());

/* A link to a playground may say more behind a question mark, which is for the playground to read. */
const [, linked] = /^#([a-z]+)\?/.exec(location.hash) ?? [];
if (linked) document.getElementById(linked)?.scrollIntoView();

async function start(): Promise<void> {
  const began = performance.now();
  const starting = Engine.create({ assets: new URL('../', import.meta.url) });
  const playgrounds = new LazyPlaygrounds(starting, kPlaygrounds);
  const { info } = await starting;
  const ready = performance.now() - began;
  byId('version').textContent = info.version;
  byId('engine').textContent =
    `Engine ready in ${ready.toFixed(0)} ms · ${info.flavour}, ${info.threads} thread${info.threads > 1 ? 's' : ''}`;
  byId('engine').title = info.reasons.join('\n');
  await playgrounds.first;
  document.documentElement.dataset['ready'] = 'true';
}

start().catch((error) => { byId('engine').textContent = wordsOf(error); });
