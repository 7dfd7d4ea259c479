// The text playground: a message is read while it is written; what the network makes of it, and the tokens it gets.

import { open as openModel } from '../code/text.js';
import source from '../code/text.ts?source';
import { showCode } from '../common/code.js';
import { byId, make } from '../common/dom.js';
import { newestOnly } from '../common/newest.js';
import { wordsOf } from '../common/problem.js';
import { Ranking } from '../common/ranking.js';
import type { Place } from '../shell/lazy.js';

/** Below this the network is said not to know. */
const kSure = 0.5;
const kExamples = [
  'Where is my parcel? It should have been here on Monday.',
  'I was charged twice this month',
  'the app crashes when I open my cart',
  'Can I talk to a real person please',
  'I forgot my password and the reset mail never arrives',
  'Please cancel my order, I chose the wrong size',
  'Do you have this jacket in blue?',
];

export async function open({ engine }: Place): Promise<void> {
  showCode('text', 'text.ts', source);
  const { classify, tokenize } = await openModel(engine);
  const message = byId<HTMLTextAreaElement>('message');
  const ranking = new Ranking(byId('intents'));

  const read = newestOnly(async (text: string) => {
    const [best, share] = [byId('intent'), byId('intent-share')];
    try {
      const tokens = tokenize(text);
      const ranked = (await classify(text)).map(({ label = '', score }) => ({ label, score }));
      const { label, score } = ranked[0]!;
      ranking.show(ranked);
      best.textContent = text.trim() === '' ? '–' : score >= kSure ? label : 'not sure';
      share.textContent = text.trim() === '' ? '' : score >= kSure ? `${(100 * score).toFixed(1)} %` : `perhaps ${label}, ${(100 * score).toFixed(0)} %`;
      byId('tokens').replaceChildren(...tokens.map((textContent) => make('span', { textContent })));
      byId('token-count').textContent = String(tokens.length);
    } catch (error) {
      best.textContent = '–';
      share.textContent = wordsOf(error);
    }
  });

  message.addEventListener('input', () => void read(message.value));
  byId('examples').append(...kExamples.map((textContent) => {
    const button = make('button', { type: 'button', textContent });
    button.addEventListener('click', () => {
      message.value = textContent;
      void read(textContent);
    });
    return button;
  }));
  await read(message.value);
}
