// README.md and the documents in docs/: their code blocks, what becomes of each, their headings and links.
// Invariant: a block of JavaScript or HTML says by its info string where it runs; one that says nothing known is an error.
//
//   js              runs as it stands in Node          js browser, html browser, jsx browser   run as they stand in Chromium
//   text output     what the block before it prints    js config, jsx config, html config      only have to be well formed
//                   or shows in its <output>
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../../', import.meta.url));

export const documents = ['README.md', ...readdirSync(join(root, 'docs'), { recursive: true })
  .filter((path) => path.endsWith('.md')).map((path) => join('docs', path)).sort()];

const kKinds = {
  js: 'node', 'js browser': 'module', 'html browser': 'page', 'jsx browser': 'component', 'text output': 'output',
  'js config': 'config', 'jsx config': 'config', 'html config': 'config', json: 'json',
};
/* Shown, and run by nobody here. */
const kShown = ['', 'sh', 'css', 'nginx', 'apache', 'yaml', 'http'];

const read = (document) => readFileSync(join(root, document), 'utf8');

/**
 * `{ name, document, line, kind, language, source, output? }` of each fenced block of a document; `name` is 'docs/api.md:12',
 * `output` what the block that follows says it prints.
 */
function blocksOf(document) {
  const text = read(document);
  const blocks = [...text.matchAll(/^```([^\n]*)\n([\s\S]*?)^```$/gm)].map(({ 1: info, 2: source, index }) => {
    const line = text.slice(0, index).split('\n').length;
    const kind = kKinds[info] ?? (kShown.includes(info) ? 'shown' : `unknown: ${info}`);
    return { name: `${document}:${line}`, document, line, kind, language: info.split(' ')[0], source };
  });
  return blocks.map((block, i) => (blocks[i + 1]?.kind === 'output' ? { ...block, output: blocks[i + 1].source } : block));
}

/** Text whose lines end where their last word does. */
export const withoutMargin = (text) => text.trimEnd().split('\n').map((line) => line.trimEnd()).join('\n');

export const blocks = documents.flatMap(blocksOf);

/** A file name for a block. */
export const fileNameOf = ({ document, line }, extension) => `${document.replaceAll('/', '-')}-${line}.${extension}`;

const withoutCode = (text) => text.replace(/^```[\s\S]*?^```$/gm, '').replace(/`[^`\n]*`/g, '``');

/** The targets of all links and pictures of a document that name no other site. */
export function linksOf(document) {
  const text = withoutCode(read(document));
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target).filter((target) => !/^[a-z]+:/.test(target));
}

/** The anchors of a document's headings, as GitHub makes them. */
export function anchorsOf(text) {
  const seen = new Map();
  return new Set([...text.replace(/^```[\s\S]*?^```$/gm, '').matchAll(/^#+ +(.*?) *$/gm)].map(([, heading]) => {
    const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const anchor = words.replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-');
    const times = seen.get(anchor) ?? 0;
    seen.set(anchor, times + 1);
    return times === 0 ? anchor : `${anchor}-${times}`;
  }));
}
