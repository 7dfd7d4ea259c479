// A plugin of TypeDoc: pages that work under `default-src 'self'`. Scripts that its theme writes into each page, and images that its
// style sheet holds as data: addresses, become files beside the others; its script keeps an empty style element, of filters that
// typedoc.json has switched off, out of the page.
// Invariant: no page has an inline script or style when it is written; one that this plugin does not know is an error.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PageEvent, RendererEvent } from 'typedoc';

const kInlineScript = /<script>([\s\S]*?)<\/script>/g;
const kDataImage = /url\((["']?)data:image\/svg\+xml;utf8,(.*?)\1\)/g;

const kFilterStyle = 'document.head.appendChild(document.createElement("style"))';

const shortHash = (text) => createHash('sha256').update(text).digest('hex').slice(0, 8);

export function load(app) {
  const scripts = new Map();
  app.renderer.on(PageEvent.END, (page) => {
    const top = '../'.repeat(page.url.split('/').length - 1);
    page.contents = page.contents.replace(kInlineScript, (_, code) => {
      const name = `inline-${shortHash(code)}.js`;
      scripts.set(name, code);
      return `<script src="${top}assets/${name}"></script>`;
    });
    const left = /<style[\s>]|\sstyle="|\son[a-z]+="|javascript:/.exec(page.contents.replace(/<pre[\s\S]*?<\/pre>/g, ''));
    if (left) app.logger.error(`${page.url} has what a strict policy forbids: ${left[0].trim()}`);
  });
  app.renderer.on(RendererEvent.END, ({ outputDirectory }) => {
    const assets = join(outputDirectory, 'assets');
    mkdirSync(assets, { recursive: true });
    for (const [name, code] of scripts) writeFileSync(join(assets, name), `${code}\n`);
    const main = join(assets, 'main.js');
    const code = readFileSync(main, 'utf8');
    if (!code.includes(kFilterStyle)) app.logger.error('main.js of TypeDoc has changed: look at what it adds to the page.');
    writeFileSync(main, code.replace(kFilterStyle, 'document.createElement("style")'));
    const style = join(assets, 'style.css');
    writeFileSync(style, readFileSync(style, 'utf8').replace(kDataImage, (_, quote, svg) => {
      const name = `image-${shortHash(svg)}.svg`;
      writeFileSync(join(assets, name), decodeURIComponent(svg));
      return `url(${name})`;
    }));
  });
}
