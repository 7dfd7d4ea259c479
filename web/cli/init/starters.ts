// The first lines of code with insitu, for each framework: they load a model and run it once on zeros.
// Invariant: they run as they stand, with any model that has one float input.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Project } from '../project.js';
import type { Piece } from './headers.js';

export interface Starter extends Piece {
  /** Where the model lies, relative to the project. */
  model: string;
  /** How to see it work. */
  next: string[];
}

/* The same lines everywhere; `show` takes the results, a line of text for each. */
function lines({ indent, model, show, options = '', typescript = false }: {
  indent: string; model: string; show: (text: string) => string; options?: string; typescript?: boolean;
}): string {
  const text = "Object.entries(results).map(([name, { dims, data }]) => `${name} [${dims}]: ${data.slice(0, 8).join(' ')}`).join('\\n')";
  return [
    `const session = await load('${model}'${options});`,
    `const input = session.inputs[0]${typescript ? '!' : ''};`,
    "const dims = input.dims.map((dim) => (typeof dim === 'number' ? dim : 1));",
    'const zeros = tensor(new Float32Array(dims.reduce((size, dim) => size * dim, 1)), dims);',
    'const results = await session.run({ [input.name]: zeros });',
    'await session.dispose();',
    show(text),
  ].map((line) => indent + line).join('\n');
}

const imports = "import { load, tensor } from 'insitu';";
const returns = (text: string) => `return ${text};`;

/* A module of its own, for any bundler. */
function asModule(project: Project, options?: string): Starter {
  const { typescript, publicFolder } = project;
  const path = `src/insitu-example.${typescript ? 'ts' : 'js'}`;
  return {
    path, model: `${publicFolder}/model.onnx`,
    content: `// Loads a model and runs it once on zeros.
${imports}

export async function runExample() {
${lines({ indent: '  ', model: '/model.onnx', show: returns, options, typescript })}
}

runExample().then(console.log, console.error);
`,
    next: [`import './insitu-example' from the entry of your page, start the dev server, and look at the browser's console`],
  };
}

function next({ folder, typescript }: Project): Starter {
  const app = !existsSync(join(folder, 'app')) && existsSync(join(folder, 'src')) ? 'src/app' : 'app';
  return {
    path: `${app}/insitu/page.${typescript ? 'tsx' : 'jsx'}`, model: 'public/model.onnx',
    content: `'use client';
import { useEffect, useState } from 'react';
${imports}

export default function Page() {
  const [text, setText] = useState('Loading …');
  useEffect(() => {
    run().then(setText, (error) => setText(String(error)));
  }, []);
  return <pre>{text}</pre>;
}

async function run() {
${lines({ indent: '  ', model: '/model.onnx', show: returns, typescript })}
}
`,
    next: ['npm run dev, and open /insitu'],
  };
}

function svelteKit({ typescript }: Project): Starter {
  return {
    path: 'src/routes/insitu/+page.svelte', model: 'static/model.onnx',
    content: `<script${typescript ? ' lang="ts"' : ''}>
  import { onMount } from 'svelte';
  ${imports}

  let text = 'Loading …';
  onMount(() => {
    run().then((result) => (text = result), (error) => (text = String(error)));
  });

  async function run() {
${lines({ indent: '    ', model: '/model.onnx', show: returns, typescript })}
  }
</script>

<pre>{text}</pre>
`,
    next: ['npm run dev, and open /insitu'],
  };
}

const showInPage = (text: string) => `document.querySelector('pre').textContent = ${text};`;

function astro(): Starter {
  return {
    path: 'src/pages/insitu.astro', model: 'public/model.onnx',
    content: `<pre>Loading …</pre>
<script>
  // @ts-nocheck
  ${imports}

${lines({ indent: '  ', model: '/model.onnx', show: showInPage })}
</script>
`,
    next: ['npm run dev, and open /insitu'],
  };
}

function asPage(): Starter {
  return {
    path: 'insitu-example.html', model: 'model.onnx',
    content: `<!doctype html>
<meta charset="utf-8">
<title>insitu</title>
<link rel="icon" href="data:,">
<pre>Loading …</pre>
<script type="module">
  ${imports.replace("'insitu'", "'./insitu/index.js'")}

${lines({ indent: '  ', model: 'model.onnx', show: showInPage })}
</script>
`,
    next: ['npx insitu copy insitu --module', 'serve this folder, and open insitu-example.html'],
  };
}

function ofNode(): Starter {
  return {
    path: 'insitu-example.mjs', model: 'model.onnx',
    content: `${imports}

${lines({ indent: '', model: 'model.onnx', show: (text) => `console.log(${text});` })}
`,
    next: ['node insitu-example.mjs'],
  };
}

export function starterOf(project: Project): Starter {
  switch (project.framework) {
    case 'next': return next(project);
    case 'sveltekit': return svelteKit(project);
    case 'astro': return astro();
    case 'static': return asPage();
    case 'node': return ofNode();
    case 'rollup':
    case 'esbuild': {
      const starter = asModule(project, ", { assets: '/insitu/' }");
      return { ...starter, next: [`npx insitu copy ${project.publicFolder}/insitu`, ...starter.next] };
    }
    default: return asModule(project);
  }
}
