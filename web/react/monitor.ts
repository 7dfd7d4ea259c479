// <Monitor>: the element <insitu-monitor> as a component. The element's module is loaded when the first one is mounted.
import { InsituError } from 'insitu';
import { createElement, useEffect, useRef } from 'react';
import type { CSSProperties, ReactElement } from 'react';

import { onDemand } from '../src/on-demand.js';
import type { InsituMonitor, MonitoredSession } from '../element/element.js';

/** The session to show, and attributes of the element `<insitu-monitor>`. */
export interface MonitorProps {
  /** null or undefined: none. */
  readonly session: MonitoredSession | null | undefined;
  /** In ms from one update to the next; default 1000, at least 100. */
  readonly interval?: number;
  /** The title of the panel. */
  readonly heading?: string;
  /** Of the title's heading, 1 to 5; default 2. */
  readonly level?: number;
  /** As on every element. */
  readonly id?: string;
  /** As on every element. */
  readonly className?: string;
  /** As on every element. */
  readonly style?: CSSProperties;
}

/** The live panel of a session's monitor. The module of the element is loaded when the first one is mounted. */
export function Monitor({ session, className, ...attributes }: MonitorProps): ReactElement {
  const element = useRef<InsituMonitor>(null);
  useEffect(() => void onDemand(InsituError, 'element.js', import('../element/element.js')).then(({ define }) => define()), []);
  useEffect(() => {
    element.current!.session = session ?? null;
  }, [session]);
  // React 18 knows no className of custom elements.
  return createElement('insitu-monitor', { ...attributes, class: className, ref: element });
}
