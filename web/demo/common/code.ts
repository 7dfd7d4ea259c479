// "Open in code": the few lines that a playground runs, as text, with a button that copies them.
// Invariant: the text comes from the module itself (`?source`), never from a second copy.

import { byId, make } from './dom.js';

const kCopiedMs = 2000;

/** Fills the disclosure of a playground. `file` is its name below web/demo/code. */
export function showCode(playground: string, file: string, source: string): void {
  const copy = make('button', { type: 'button', textContent: 'Copy' });
  copy.addEventListener('click', () => {
    navigator.clipboard.writeText(source).then(() => 'Copied', () => 'Copying is not allowed here').then((said) => {
      copy.textContent = said;
      setTimeout(() => { copy.textContent = 'Copy'; }, kCopiedMs);
    });
  });
  const text = make('pre', { tabIndex: 0 }, make('code', { textContent: source }));
  text.setAttribute('role', 'region');
  text.setAttribute('aria-label', `Code of the ${playground} playground`);
  byId(`${playground}-code`).append(
    make('p', { className: 'code-head' }, make('code', { textContent: `web/demo/code/${file}` }), copy), text);
}
