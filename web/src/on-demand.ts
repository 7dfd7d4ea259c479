// Modules of the package that are loaded when somebody asks for what they do.
// Invariant: one that cannot be had is an InsituError that names its file, of the class that is handed in: index.js holds it.
import type { InsituError } from './errors.js';

/** What `import()` of the package's `file` gives. Bundlers read the import where it stands, which is why it is not here. */
export async function onDemand<T>(Failure: typeof InsituError, file: string, module: Promise<T>): Promise<T> {
  try {
    return await module;
  } catch (cause) {
    const message = `insitu's ${file} cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`;
    const hint = "Serve all of insitu's .js files from one place and of one version, offline, too, and load the page again.";
    throw new Failure({ code: 'Network', message, hint }, { cause });
  }
}
