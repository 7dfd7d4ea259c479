// What documents show, for tests that run it as it stands.
import { readFileSync } from 'node:fs';

/** The first fenced block below the heading of that text, in the document of that path from the project's folder. */
export function blockBelow(path, heading) {
  const text = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
  const at = text.search(new RegExp(`^#+ .*${heading.replaceAll('.', '\\.')}.*$`, 'm'));
  const block = at < 0 ? undefined : /^```[^\n]*\n([\s\S]*?)^```$/m.exec(text.slice(at))?.[1];
  if (!block) throw new Error(`${path} has no block below a heading '${heading}'`);
  return block;
}

/** The value of a header in such a block. */
export function headerBelow(path, heading, name) {
  const value = new RegExp(`^${name}: (.*)$`, 'm').exec(blockBelow(path, heading))?.[1];
  if (!value) throw new Error(`${path} has no ${name} below '${heading}'`);
  return value;
}
