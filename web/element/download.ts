// The files that the panel offers. They are made in the page: nothing is sent, and a link that downloads a blob: address
// needs nothing of a Content-Security-Policy.
import type { Monitor } from 'insitu';

export interface Export {
  readonly format: Parameters<Monitor['export']>[0];
  readonly label: string;
  readonly file: string;
  readonly type: string;
}

export const kExports: readonly Export[] = [
  { format: 'prometheus', label: 'Prometheus', file: 'insitu-metrics.prom', type: 'text/plain' },
  { format: 'otlp-json', label: 'OTLP', file: 'insitu-metrics.otlp.json', type: 'application/json' },
  { format: 'chrome-trace', label: 'Trace', file: 'insitu-trace.json', type: 'application/json' },
  { format: 'ticket', label: 'Ticket', file: 'insitu-ticket.json', type: 'application/json' },
];

export function download(text: string, { file, type }: Export): void {
  const href = URL.createObjectURL(new Blob([text], { type }));
  Object.assign(document.createElement('a'), { href, download: file }).click();
  // The browser reads it after this turn; a minute is more than it takes.
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}
