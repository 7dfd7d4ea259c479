// insitu registry promote and rollback: which version a channel names.
// Invariant: a channel keeps what it named before; it goes back only to what it came from.
import { fail } from '../../src/errors.js';
import { channelOf, isName, waysBack } from '../../src/registry/format.js';
import type { RegistryChange } from '../../src/registry/format.js';
import { onePositional, refuse } from '../command.js';
import type { Flags } from '../command.js';
import { whenOf } from '../when.js';
import { findVersion, modelOf, registryOf, updateRegistry } from './file.js';
import type { Entries } from './file.js';

export async function promote(flags: Flags, [name, version, ...more]: string[], print: (line: string) => void): Promise<number> {
  if (name === undefined || version === undefined || more.length > 0) refuse('pass NAME and VERSION');
  const [registry, channel, when] = [registryOf(flags), channelIn(flags), whenOf(flags)];
  await updateRegistry(registry, print, (models) => {
    const found = findVersion(registry, models, `${name}@${version}`);
    if (Object.hasOwn(models[name]!.versions, channel)) refuse(`--channel ${channel} is the name of a version`);
    const failed = found.entry.gates?.find(({ verdict }) => verdict === 'failed');
    if (failed && !flags.force) {
      fail('InvalidArgument', `${name} ${found.version} did not pass ${failed.url}`, 'Nothing has changed. --force promotes it all the same.');
    }
    if (historyOf(models, name, channel).at(-1)?.version === found.version) return `${name} ${channel}: ${found.version} already`;
    return change(models, name, channel, { version: found.version, how: 'promoted', ...when });
  });
  return 0;
}

export async function rollback(flags: Flags, positionals: string[], print: (line: string) => void): Promise<number> {
  const name = onePositional(positionals, 'NAME');
  const [registry, channel, when] = [registryOf(flags), channelIn(flags), whenOf(flags)];
  await updateRegistry(registry, print, (models) => {
    modelOf(registry, models, name);
    const version = waysBack(historyOf(models, name, channel)).at(-1) ??
      fail('InvalidArgument', `${channel} of ${name} named no other version before`, 'Nothing has changed. Promote the version that you mean.');
    return change(models, name, channel, { version, how: 'rolled back', ...when });
  });
  return 0;
}

function channelIn({ channel = 'stable' }: Flags): string {
  return isName(String(channel)) ? String(channel) : refuse(`--channel wants a name such as stable, not '${channel}'`);
}

function historyOf(models: Entries, name: string, channel: string): readonly RegistryChange[] {
  return channelOf(models, name, channel)?.history ?? [];
}

/* Says what has changed. */
function change(models: Entries, name: string, channel: string, made: RegistryChange): string {
  const before = historyOf(models, name, channel);
  models[name]!.channels = { ...models[name]!.channels, [channel]: { version: made.version, history: [...before, made] } };
  return `${name} ${channel}: ${before.length > 0 ? `${before.at(-1)!.version} -> ` : ''}${made.version} (${made.how})`;
}
