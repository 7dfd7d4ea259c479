// Another model in the place of the one that a Session runs: at once (swap), beside it (shadow), for a share of the requests
// (canary). A module of its own, because only those who ask for it load it. docs/how-to/release.md shows how it is used.
export { canary } from './canary.js';
export { shadow } from './shadow.js';
export { swap } from './swap.js';
