// Sets of numbers to begin with. Invariant: they are invented, and marked as such wherever they are shown.

import type { CostInput } from 'insitu/cost';

export interface Example {
  readonly label: string;
  readonly numbers: CostInput;
}

const kUse: CostInput = { requestsPerUserMonth: 300, visitsPerUserMonth: 10, users: 50_000, serverMs: 20 };
const kDelivery: CostInput = { cacheHitRate: 0.8, cdnPricePerGb: 0.05, deviceWatts: 3, batteryWh: 15 };
const kTransfer: CostInput = { egressBytes: 500, egressPricePerGb: 0.1, ingressBytes: 4000, ingressPricePerGb: 0 };

/** By the name that a link has for it. */
export const examples: Readonly<Record<string, Example>> = {
  instances: {
    label: 'Example: instances',
    numbers: { ...kUse, instancePricePerHour: 0.2, parallelRequests: 2, utilisation: 0.3, serverWatts: 60, ...kTransfer, ...kDelivery },
  },
  serverless: {
    label: 'Example: serverless',
    numbers: { ...kUse, pricePerMillionRequests: 0.25, memoryGb: 1, pricePerGbSecond: 0.00002, ...kTransfer, ...kDelivery },
  },
};
