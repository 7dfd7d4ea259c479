// The modules that index.js loads when somebody asks for what they do, each a file of its own.
// Invariant: where one cannot be had, the caller gets an InsituError. What goes on without one imports it itself.
import { InsituError } from './errors.js';
import { onDemand } from './on-demand.js';

const asked = <T>(file: string, module: Promise<T>) => onDemand(InsituError, file, module);

export const audio = () => asked('audio.js', import('./audio.js'));
export const encryption = () => asked('encryption.js', import('./encryption/encryption.js'));
export const inProcess = () => asked('insitu/in-process.js', import('./rpc/in-process.js'));
export const keptModels = () => asked('kept.js', import('./kept.js'));
export const pictures = () => asked('image.js', import('./image.js'));
export const quantizing = () => asked('quantize.js', import('./quantize/quantize.js'));
export const release = () => asked('release.js', import('./release/release.js'));
export const trust = () => asked('trust.js', import('./trust/trust.js'));
export const watching = () => asked('watches.js', import('./watches.js'));
