// <Monitor>: the element <insitu-monitor> as a component. The element's module is loaded when the first one is mounted.
import type { Monitor as SessionMonitor } from 'insitu';
import { createElement, useEffect, useRef } from 'react';
import type { CSSProperties, ReactElement } from 'react';

import type { InsituMonitor } from '../element/element.js';

export interface MonitorProps {
  readonly session: { readonly monitor: SessionMonitor } | null | undefined;
  /** The attributes of the element. */
  readonly interval?: number;
  readonly heading?: string;
  readonly level?: number;
  readonly id?: string;
  readonly className?: string;
  readonly style?: CSSProperties;
}

export function Monitor({ session, className, ...attributes }: MonitorProps): ReactElement {
  const element = useRef<InsituMonitor>(null);
  useEffect(() => void import('../element/element.js').then(({ define }) => define()), []);
  useEffect(() => {
    element.current!.session = session ?? null;
  }, [session]);
  // React 18 knows no className of custom elements.
  return createElement('insitu-monitor', { ...attributes, class: className, ref: element });
}
