// A model that is open in an engine: what a Session runs, until another one takes its place.
// Invariant: nothing here refers to the Session, so that the models of one that was collected can be freed.
import type { WatchKeeper } from './kept-watch.js';
import type { Client } from './rpc/client.js';
import type { SessionDescription } from './rpc/protocol.js';
import type { LoadOptions } from './types.js';

/** What an open model is besides what the engine says of it. */
interface Surroundings {
  /** The address or the name of its file, where it has one. */
  name?: string;
  keeper?: WatchKeeper;
  /** Those it was opened with that also fit another model in its place. */
  options: LoadOptions;
}

const mostSpareBytes = 16 << 20;

export class OpenModel {
  readonly client: Client;
  readonly description: SessionDescription;
  readonly name?: string;
  readonly keeper?: WatchKeeper;
  readonly options: LoadOptions;
  /** The `integrity` that its signature or the log of its load gave it. */
  heldTo?: string;
  /**
   * Buffers of the feeds of an earlier run. Filling one again takes a tenth of the time that a new one takes, each of whose
   * pages the system has to provide.
   */
  readonly spare: ArrayBuffer[] = [];

  constructor(client: Client, description: SessionDescription, { name, keeper, options }: Surroundings) {
    this.client = client;
    this.description = description;
    this.name = name;
    this.keeper = keeper;
    this.options = options;
  }

  /** Takes buffers that have come back; of all as many as are not too much memory, the latest first. */
  keep(buffers: readonly ArrayBuffer[]): void {
    let bytes = 0;
    const kept = [...buffers, ...this.spare].filter(({ byteLength }) => (bytes += byteLength) <= mostSpareBytes);
    this.spare.splice(0, Infinity, ...kept);  // in place: those who wait for a picture hold the same list
  }

  /** Its number in the engine. */
  get id(): number {
    return this.description.session;
  }

  /** What errors call it. */
  get called(): string {
    return this.name === undefined ? 'a model' : `'${this.name}'`;
  }

  /** Whether its runs show their stages in the performance panel. */
  get tracks(): boolean {
    const { monitor } = this.options;
    return monitor ? monitor.tracks === true : false;
  }

  /** Frees it behind the runs that were asked of it, which its monitor says nothing of any more. */
  async free(): Promise<void> {
    const { client, id } = this;
    client.listen(id);
    await this.keeper?.end();
    try {
      await client.enqueue('disposeSession', { session: id });
    } catch (thrown) {
      if (!client.broken) throw thrown;
    }
  }
}

/** The models of one Session: the one that answers, and one on trial. */
export class Models {
  current: OpenModel;
  candidate?: OpenModel;

  constructor(current: OpenModel) {
    this.current = current;
  }

  async free(): Promise<void> {
    await Promise.all([this.current.free(), this.candidate?.free()]);
  }
}
