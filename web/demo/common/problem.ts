// What went wrong, in words, where it happened.

import { InsituError } from 'insitu';

import { make } from './dom.js';

export function wordsOf(error: unknown): string {
  if (!(error instanceof InsituError)) return error instanceof Error ? error.message : String(error);
  return [`${error.code}: ${error.message}`, error.node && !error.message.includes(error.node) && `at ${error.node}`,
    error.hint && !error.message.includes(error.hint) && error.hint].filter(Boolean).join(' ');
}

/** A paragraph that screen readers are told of at once. */
export function problem(error: unknown): HTMLElement {
  const element = make('p', { className: 'problem', textContent: wordsOf(error) });
  element.setAttribute('role', 'alert');
  return element;
}
