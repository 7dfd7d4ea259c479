// <insitu-monitor>: the live panel of a session's monitor. docs/how-to/monitor-panel.md describes it for users.
// Invariant: importing this defines nothing; while nobody can see the panel, or nothing is left to ask, nothing runs.
/** The live panel of a monitor, as an element. @module insitu/element */
import type { Monitor, MonitorSnapshot } from 'insitu';

import { download } from './download.js';
import type { Export } from './download.js';
import { Feed } from './feed.js';
import { kEvents, News } from './news.js';
import { Panel } from './panel.js';
import css from './style.css';

const kInterval = 1000;
const kLeastInterval = 100;

/* On a server there is no HTMLElement; there the class is never made an instance of. */
const Base = globalThis.HTMLElement ?? (class {} as typeof HTMLElement);

let sheet: CSSStyleSheet | undefined;

/* One for all panels, and only once there is one. */
function styles(): CSSStyleSheet {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
  }
  return sheet;
}

/** A session, or whatever else has its monitor. */
export interface MonitoredSession {
  /** What is shown. */
  readonly monitor: Monitor;
}

/**
 * Attributes: `interval` (ms from one update to the next, default 1000, at least 100), `heading` (the title), `level` (of the
 * title's heading, 1 to 5, default 2; read when the element is first connected). Events of the monitor ('drift', 'recovered',
 * 'quality', 'profile', 'slow') are dispatched on the element, too, with the same detail; they do not bubble.
 */
export class InsituMonitor extends Base {
  /** @internal */
  static readonly observedAttributes = ['heading', 'interval'];

  #session: MonitoredSession | null = null;
  #monitor: Monitor | null = null;
  #snapshot: MonitorSnapshot | null = null;
  #panel: Panel | undefined;
  #feed: Feed | undefined;
  #sight: IntersectionObserver | undefined;
  #seen = false;
  readonly #news = new News();

  /** The session whose monitor is shown; null: none. */
  get session(): MonitoredSession | null {
    return this.#session;
  }
  /** Shows another one. */
  set session(session: MonitoredSession | null | undefined) {
    this.monitor = session?.monitor;
    this.#session = session ?? null;
  }

  /** As `session`, for those who have only its monitor. */
  get monitor(): Monitor | null {
    return this.#monitor;
  }
  /** Shows another one. */
  set monitor(monitor: Monitor | null | undefined) {
    if (monitor === this.#monitor) return;
    this.#detach();
    this.#session = null;
    this.#monitor = monitor ?? null;
    this.#snapshot = null;
    this.#news.clear();
    this.#panel?.wait();
    if (this.isConnected) this.#attach();
  }

  /** In ms. What is no number, or too small, counts as the default or the least. */
  get interval(): number {
    const asked = Number(this.getAttribute('interval') ?? kInterval);
    return Number.isFinite(asked) && asked > 0 ? Math.max(asked, kLeastInterval) : kInterval;
  }
  /** Sets the attribute. */
  set interval(ms: number) {
    this.setAttribute('interval', String(ms));
  }

  /** What is shown; null before the first update. */
  get snapshot(): MonitorSnapshot | null {
    return this.#snapshot;
  }

  /** @internal */
  connectedCallback(): void {
    this.#build();
    this.#sight = new IntersectionObserver((entries) => {
      this.#seen = entries.at(-1)!.isIntersecting;
      if (this.#feed) this.#feed.seen = this.#seen;
    });
    this.#sight.observe(this);
    this.#attach();
  }

  /** @internal */
  disconnectedCallback(): void {
    this.#sight?.disconnect();
    this.#seen = false;
    this.#detach();
  }

  /** @internal */
  attributeChangedCallback(name: string): void {
    if (name === 'interval') this.#feed?.refresh();
    else if (this.#panel) this.#panel.title = this.getAttribute('heading') ?? 'Model monitor';
  }

  #build(): void {
    if (this.#panel) return;
    const level = Math.min(Math.max(Number(this.getAttribute('level') ?? 2) || 2, 1), 5);
    this.#panel = new Panel(level, { reset: () => void this.#reset(), export: (what) => void this.#export(what) });
    this.attributeChangedCallback('heading');
    const root = this.attachShadow({ mode: 'open' });
    root.adoptedStyleSheets = [styles()];
    root.append(this.#panel.element);
    // Set before the element was defined, they hide the accessors.
    for (const name of ['session', 'monitor', 'interval'] as const) {
      if (!Object.hasOwn(this, name)) continue;
      const { [name]: value } = this;
      delete (this as Partial<this>)[name];
      this[name] = value as never;
    }
  }

  #attach(): void {
    const monitor = this.#monitor;
    if (!monitor || this.#feed) return;
    for (const event of kEvents) monitor.addEventListener(event, this.#hear);
    this.#feed = new Feed(monitor, {
      interval: () => this.interval,
      show: (snapshot) => {
        this.#snapshot = snapshot;
        this.#panel!.show(snapshot);
      },
      fail: (reason) => this.#panel!.end(lastWords(reason)),
    }, this.#seen);
    this.#feed.start();
  }

  #detach(): void {
    for (const event of kEvents) this.#monitor?.removeEventListener(event, this.#hear);
    this.#feed?.stop();
    this.#feed = undefined;
  }

  readonly #hear = (event: Event): void => {
    const { type, detail } = event as CustomEvent<Record<string, unknown>>;
    const notice = this.#news.of(type, detail, this.#snapshot?.outputs ?? {});
    if (notice) {
      this.#panel!.tell(notice);
      this.#feed?.refresh();
    }
    this.dispatchEvent(new CustomEvent(type, { detail }));
  };

  async #reset(): Promise<void> {
    await this.#ask(async (monitor) => {
      await monitor.reset();
      this.#news.clear();
      this.#panel!.clear();
      this.#panel!.tell({ text: 'Begun anew.', level: '' });
      this.#feed?.refresh();
    });
  }

  async #export(what: Export): Promise<void> {
    await this.#ask(async (monitor) => {
      download(await monitor.export(what.format), what);
      this.#panel!.tell({ text: `Saved as ${what.file}.`, level: '' });
    });
  }

  /* What a button asked for; that it failed is said in the panel. */
  async #ask(work: (monitor: Monitor) => Promise<void>): Promise<void> {
    try {
      if (this.#monitor) await work(this.#monitor);
    } catch (thrown) {
      this.#panel!.tell({ text: lastWords(thrown), level: 'warn' });
    }
  }
}

function lastWords(reason: unknown): string {
  const { code, message } = reason as { code?: string; message?: string };
  return code === 'Disposed' ? 'The session was disposed: these are its last figures.' : String(message ?? reason);
}

/** Makes `<insitu-monitor>` known to the page, once; a name that is taken stays what it is. */
export function define(name = 'insitu-monitor'): void {
  if (customElements.get(name)) return;
  // A class has one name: others get one of their own.
  customElements.define(name, name === 'insitu-monitor' ? InsituMonitor : class extends InsituMonitor {});
}

declare global {
  interface HTMLElementTagNameMap {
    'insitu-monitor': InsituMonitor;
  }
}
