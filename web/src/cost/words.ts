// A comparison in sentences, the same on the page and on the command line.
import { formatNumber } from './expression.js';
import type { CostLeftOut, CostReport } from './report.js';

/** A unit with the currency in it, or with nothing where none was named. */
export const unitIn = (unit: string, currency: string): string => unit.replace(/^money ?/, currency ? `${currency} ` : '');

export const missingIn = ({ missing, oneIsEnough }: CostLeftOut): string =>
  `needs ${oneIsEnough && missing.length > 1 ? 'any of ' : ''}${missing.join(', ')}`;

const sides: Readonly<Record<string, string>> = {
  cloudPerRequest: 'what a request costs in the cloud', deliveryPerUserMonth: 'what delivery to the device costs',
};

/** From how many requests on the device is cheaper, and what that means for those that are made. */
export function sentencesOf({ breakEven, cheaper, given, values }: CostReport, currency = ''): string[] {
  const money = (value: number) => `${formatNumber(value, 4)}${currency && ` ${currency}`}`;
  const each = () => `a request costs ${money(values.cloudPerRequest!)} there and ${money(values.devicePerRequest!)} on the device`;
  const first = (): string => {
    switch (breakEven.kind) {
      case 'unknown': return `No break-even: ${breakEven.missing.map((name) => sides[name]).join(' and ')} cannot be told from what is given.`;
      case 'at': return `The device is cheaper from ${formatNumber(breakEven.requestsPerUserMonth, 4)} requests per user and month on, ` +
        `${formatNumber(breakEven.requestsPerVisit, 4)} per visit.`;
      case 'always': return `The device is cheaper from the first request on: delivery costs nothing, and ${each()}.`;
      case 'equal': return `Cloud and device cost the same: delivery costs nothing, and ${each()}.`;
      case 'never': return `The device is never cheaper than the cloud: ${each()}.`;
    }
  };
  if (cheaper === null) return [first()];
  const requests = `At ${formatNumber(given.requestsPerUserMonth!)} requests per user and month`;
  const [cloud, device] = [values.cloudPerUserMonth!, values.devicePerUserMonth!];
  return [first(), cheaper === 'equal' ? `${requests} both cost ${money(cloud)}.`
    : `${requests} the ${cheaper} is cheaper: the cloud costs ${money(cloud)} per user and month, the device ${money(device)}.`];
}
