// insitu/registry: versions of models that a models.json names, for load(), swap() and canary(). docs/how-to/registry.md shows it.
/** Models by version and channel, from a models.json beside them. @module insitu/registry */
export { followChannel } from './follow.js';
export type { ChannelSwap, Follower, FollowOptions } from './follow.js';
export { openRegistry } from './registry.js';
export type { RegisteredModel, Registry, RegistryOptions } from './registry.js';
export type { RegistryChange, RegistryChannel, RegistryData, RegistryDocument, RegistryEntry, RegistryFile, RegistryGate,
  RegistryModelFile, RegistryModels, RegistryParent, RegistryProvenance, RegistryVersion } from './format.js';
