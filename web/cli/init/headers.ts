// The headers that make a page cross-origin isolated, in the words of each framework and host. `insitu init` writes these texts,
// and docs/how-to/threads-and-headers.md shows the same (a test compares them).
// Reference: https://html.spec.whatwg.org/multipage/browsers.html#cross-origin-isolation
import { join } from 'node:path';
import type { Project } from '../project.js';

/** A file to write where there is none, and what to add to one that exists. */
export interface Piece {
  path: string;
  content: string;
  /** Undefined: an existing file is left alone. */
  addition?: string;
  /** What is in a file that needs no addition. */
  done?: RegExp;
}

const isolated = /Cross-Origin-Embedder-Policy|Document-Isolation-Policy/i;

const headerObject = (indent: string) => `{
${indent}  'Cross-Origin-Opener-Policy': 'same-origin',
${indent}  'Cross-Origin-Embedder-Policy': 'require-corp',
${indent}}`;

/* The configuration file that exists, else the one to make. */
function configPath({ configs, typescript, esm }: Project, name: string): string {
  return configs[0] ?? `${name}.${typescript ? 'ts' : esm ? 'js' : 'mjs'}`;
}

function vite(project: Project): Piece[] {
  const kit = project.framework === 'sveltekit';
  const parts = `${kit ? '  plugins: [sveltekit()],\n' : ''}  server: { headers },
  preview: { headers },`;
  return [{
    path: configPath(project, 'vite.config'),
    content: `${kit ? "import { sveltekit } from '@sveltejs/kit/vite';\n" : ''}import { defineConfig } from 'vite';

const headers = ${headerObject('')};

export default defineConfig({
${parts}
});
`,
    addition: `const headers = ${headerObject('')};

// in defineConfig({ ... }):
${parts.replace(/.*sveltekit\(\).*\n/, '')}
`,
    done: isolated,
  }];
}

/* Pages of SvelteKit come from its own server. */
function svelteKit(project: Project): Piece[] {
  const set = `  response.headers.set('Cross-Origin-Opener-Policy', 'same-origin');
  response.headers.set('Cross-Origin-Embedder-Policy', 'require-corp');`;
  const [type, typed] = project.typescript
    ? ["import type { Handle } from '@sveltejs/kit';\n\n", 'export const handle: Handle = async ({ event, resolve }) => {']
    : ['', 'export const handle = async ({ event, resolve }) => {'];
  return [...vite(project), {
    path: `src/hooks.server.${project.typescript ? 'ts' : 'js'}`,
    content: `${type}${typed}
  const response = await resolve(event);
${set}
  return response;
};
`,
    addition: `// in handle(), before it returns the response:\n${set}\n`,
    done: isolated,
  }];
}

function next(project: Project): Piece[] {
  const headers = `  async headers() {
    return [{
      source: '/(.*)',
      headers: [
        { key: 'Cross-Origin-Opener-Policy', value: 'same-origin' },
        { key: 'Cross-Origin-Embedder-Policy', value: 'require-corp' },
      ],
    }];
  },`;
  const path = project.configs[0] ?? 'next.config.mjs';
  return [{
    path,
    content: `/** @type {import('next').NextConfig} */
const nextConfig = {
${headers}
};

export default nextConfig;
`,
    addition: `// in the configuration object:\n${headers}\n`,
    done: isolated,
  }];
}

function astro(project: Project): Piece[] {
  const parts = `  server: {
    headers: ${headerObject('    ')},
  },`;
  return [{
    path: project.configs[0] ?? 'astro.config.mjs',
    content: `import { defineConfig } from 'astro/config';

export default defineConfig({
${parts}
});
`,
    addition: `// in defineConfig({ ... }):\n${parts}\n`,
    done: isolated,
  }];
}

function webpack(project: Project): Piece[] {
  if (Object.hasOwn(project.dependencies, 'react-scripts')) return middleware('src/setupProxy.js');
  const server = `  devServer: {
    headers: ${headerObject('    ')},
  },`;
  const path = project.configs[0] ?? 'webpack.config.js';
  return [{
    path,
    content: `${project.esm ? 'export default' : 'module.exports ='} {
  entry: './src/index.js',
${server}
};
`,
    addition: `// in the configuration object:\n${server}\n`,
    done: isolated,
  }];
}

/* A file that exports a function of a development server's middleware. Reference:
   https://parceljs.org/features/development/#api-proxy, https://create-react-app.dev/docs/proxying-api-requests-in-development */
function middleware(path: string): Piece[] {
  const use = `  app.use((request, response, next) => {
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
    response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    next();
  });`;
  return [{
    path, content: `module.exports = (app) => {\n${use}\n};\n`, addition: `// in the function:\n${use}\n`, done: isolated,
  }];
}

function parcel({ configs, esm }: Project): Piece[] {
  return middleware(configs[0] ?? (esm ? '.proxyrc.cjs' : '.proxyrc.js'));
}

/** What gives the framework's own server the headers; nothing where it has none. */
export function frameworkHeaders(project: Project): Piece[] {
  const makers: Partial<Record<Project['framework'], (project: Project) => Piece[]>> = {
    vite, sveltekit: svelteKit, next, astro, webpack, parcel,
  };
  return makers[project.framework]?.(project) ?? [];
}

export const hosts = ['netlify', 'cloudflare', 'vercel', 'nginx', 'apache', 'github-pages'] as const;
export type Host = (typeof hosts)[number];

const headersFile = `/*
  Cross-Origin-Opener-Policy: same-origin
  Cross-Origin-Embedder-Policy: require-corp
`;

const vercelRules = `{
  "headers": [
    {
      "source": "/(.*)",
      "headers": [
        { "key": "Cross-Origin-Opener-Policy", "value": "same-origin" },
        { "key": "Cross-Origin-Embedder-Policy", "value": "require-corp" }
      ]
    }
  ]
}
`;

const htaccess = `<IfModule mod_headers.c>
  Header always set Cross-Origin-Opener-Policy "same-origin"
  Header always set Cross-Origin-Embedder-Policy "require-corp"
</IfModule>
AddType text/javascript .mjs
AddType application/wasm .wasm
`;

/* A location with an add_header of its own takes none from around it, and nginx knows no type for .mjs. */
const nginx = `# in server { ... }
add_header Cross-Origin-Opener-Policy same-origin always;
add_header Cross-Origin-Embedder-Policy require-corp always;

location ~ \\.mjs$ {
  types { }
  default_type text/javascript;
}
location ~ \\.wasm$ {
  types { }
  default_type application/wasm;
}
`;

const gitHubPages = `<!-- GitHub Pages sends no headers of yours. Without them insitu runs on one thread. A service worker can add them in the browser:
     npm install coi-serviceworker, copy coi-serviceworker.min.js beside index.html, and load it before everything else. -->
<script src="coi-serviceworker.min.js"></script>
`;

/** What gives a host's answers the headers: a file of the project, or a text for a configuration that lies elsewhere. */
export function hostHeaders(project: Project, host: Host): Piece | { where: string; text: string } {
  const piece = (path: string, content: string): Piece => ({ path, content, addition: content, done: isolated });
  switch (host) {
    case 'netlify':
    case 'cloudflare':
      return piece(join(project.publicFolder, '_headers'), headersFile);
    case 'vercel':
      return piece('vercel.json', vercelRules);
    case 'apache':
      return piece(join(project.publicFolder, '.htaccess'), htaccess);
    case 'nginx':
      return { where: "the server's configuration", text: nginx };
    case 'github-pages':
      return { where: 'the <head> of the page', text: gitHubPages };
  }
}

/** The host that files of the project tell of. */
export function hostOf(has: (file: string) => boolean): Host | undefined {
  if (has('netlify.toml')) return 'netlify';
  if (has('wrangler.toml') || has('wrangler.json') || has('wrangler.jsonc')) return 'cloudflare';
  return has('vercel.json') || has('.vercel') ? 'vercel' : undefined;
}
