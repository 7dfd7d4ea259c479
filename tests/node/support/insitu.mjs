// The built package under test, and what several tests want to know of it.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const dist = new URL('../../../dist/', import.meta.url);
export const cli = fileURLToPath(new URL('cli.js', dist));
export const sharedModels = fileURLToPath(new URL('../../../../shared/models/', import.meta.url));

/* Those that were built; the first is the one for tests of which the flavour does not matter. */
export const flavours = JSON.parse(readFileSync(new URL('flavours.json', dist), 'utf8'));

export const { Engine, image, InsituError, load, tensor } = await import(new URL('index.js', dist).href);

/** A predicate for assert.rejects and assert.throws: an InsituError of this code whose message matches. */
export function insituError(code, pattern = /./) {
  return (thrown) => {
    if (!(thrown instanceof InsituError)) throw new Error(`not an InsituError: ${thrown?.stack ?? thrown}`);
    if (thrown.code !== code) throw new Error(`code ${thrown.code} instead of ${code}: ${thrown.message}`);
    if (!pattern.test(thrown.message)) throw new Error(`message does not match ${pattern}: ${thrown.message}`);
    return true;
  };
}
