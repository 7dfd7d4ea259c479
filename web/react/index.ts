/** Hooks for React, and the panel as a component. @module insitu/react */
'use client';
// insitu/react: hooks for React 18 and later, and the panel as a component. docs/how-to/monitor-panel.md shows them in use.
export { Monitor } from './monitor.js';
export type { MonitoredSession } from '../element/element.js';
export type { MonitorProps } from './monitor.js';
export type { SessionOptions, SessionState } from './shared-sessions.js';
export { useMonitor } from './use-monitor.js';
export { useSession } from './use-session.js';
export type { UsedSession } from './use-session.js';
