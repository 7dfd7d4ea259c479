// Every formula of the comparison, as the text that is computed and shown: by the page, the command line and docs/how-to/cost.md.
// Invariant: a formula names only fields and formulas before it; a list is the sum of those of it that are known.

/** The name of a result. */
export type CostFormulaName =
  | 'instancesPerRequest' | 'invocationPerRequest' | 'memoryPerRequest' | 'egressPerRequest' | 'ingressPerRequest'
  | 'cloudPerRequest' | 'cloudPerUserMonth' | 'deliveryPerUserMonth' | 'deviceWhPerRequest' | 'electricityPerRequest'
  | 'devicePerRequest' | 'devicePerUserMonth' | 'breakEvenPerUserMonth' | 'breakEvenPerVisit' | 'savedPerUserMonth'
  | 'savedPerMonth' | 'deviceWhPerUserMonth' | 'batteriesPerUserMonth' | 'serverWhPerRequest'
  | 'serverWhPerUserMonth' | 'deviceGramsPerUserMonth' | 'serverGramsPerUserMonth';

type Known = Readonly<Record<string, number>>;

interface Definition {
  readonly label: string;
  readonly unit: string;
  /** A list: what is added up, as far as it is known. */
  readonly text: string | readonly string[];
  /** Of a list: whether nothing known is a sum of 0. */
  readonly mayBeEmpty?: boolean;
  /** Where it has a meaning; of what it needs all is known. */
  readonly when?: (known: Known) => boolean;
}

/* 3,600,000 ms are an hour, and 10^9 bytes a GB. */
const definitions: Readonly<Record<CostFormulaName, Definition>> = {
  instancesPerRequest: {
    label: 'Instances', unit: 'money per request',
    text: 'instancePricePerHour / 3600000 * serverMs / (parallelRequests * utilisation)',
  },
  invocationPerRequest: {
    label: 'Serverless: requests', unit: 'money per request', text: 'pricePerMillionRequests / 1000000',
  },
  memoryPerRequest: {
    label: 'Serverless: memory', unit: 'money per request', text: 'pricePerGbSecond * memoryGb * serverMs / 1000',
  },
  egressPerRequest: {
    label: 'Transfer of answers', unit: 'money per request', text: 'egressBytes / 1000000000 * egressPricePerGb',
  },
  ingressPerRequest: {
    label: 'Transfer of requests', unit: 'money per request', text: 'ingressBytes / 1000000000 * ingressPricePerGb',
  },
  cloudPerRequest: {
    label: 'Cloud', unit: 'money per request',
    text: ['instancesPerRequest', 'invocationPerRequest', 'memoryPerRequest', 'egressPerRequest', 'ingressPerRequest'],
  },
  cloudPerUserMonth: {
    label: 'Cloud', unit: 'money per user and month', text: 'cloudPerRequest * requestsPerUserMonth',
  },
  deliveryPerUserMonth: {
    label: 'Delivery to the device', unit: 'money per user and month',
    text: 'visitsPerUserMonth * (1 - cacheHitRate) * (engineBytes + modelBytes) / 1000000000 * cdnPricePerGb',
  },
  deviceWhPerRequest: {
    label: 'Energy on the device', unit: 'Wh per request', text: 'deviceWatts * deviceMs / 3600000',
  },
  electricityPerRequest: {
    label: 'Electricity of the device', unit: 'money per request', text: 'deviceWhPerRequest / 1000 * electricityPricePerKwh',
  },
  devicePerRequest: {
    label: 'Device', unit: 'money per request', text: ['electricityPerRequest'], mayBeEmpty: true,
  },
  devicePerUserMonth: {
    label: 'Device', unit: 'money per user and month', text: 'deliveryPerUserMonth + devicePerRequest * requestsPerUserMonth',
  },
  breakEvenPerUserMonth: {
    label: 'Break-even', unit: 'requests per user and month', text: 'deliveryPerUserMonth / (cloudPerRequest - devicePerRequest)',
    when: ({ cloudPerRequest, devicePerRequest }) => cloudPerRequest! > devicePerRequest!,
  },
  breakEvenPerVisit: {
    label: 'Break-even', unit: 'requests per visit', text: 'breakEvenPerUserMonth / visitsPerUserMonth',
  },
  savedPerUserMonth: {
    label: 'Saved by the device', unit: 'money per user and month', text: 'cloudPerUserMonth - devicePerUserMonth',
  },
  savedPerMonth: {
    label: 'Saved by the device, all users', unit: 'money per month', text: 'savedPerUserMonth * users',
  },
  deviceWhPerUserMonth: {
    label: 'Energy on the device', unit: 'Wh per user and month', text: 'deviceWhPerRequest * requestsPerUserMonth',
  },
  batteriesPerUserMonth: {
    label: 'Full batteries of the device', unit: 'batteries per user and month', text: 'deviceWhPerUserMonth / batteryWh',
  },
  serverWhPerRequest: {
    label: 'Energy on the server', unit: 'Wh per request',
    text: 'serverWatts * serverMs / 3600000 / (parallelRequests * utilisation)',
  },
  serverWhPerUserMonth: {
    label: 'Energy on the server', unit: 'Wh per user and month', text: 'serverWhPerRequest * requestsPerUserMonth',
  },
  deviceGramsPerUserMonth: {
    label: 'Carbon of the device', unit: 'g CO2 per user and month', text: 'deviceWhPerUserMonth / 1000 * deviceGramsPerKwh',
  },
  serverGramsPerUserMonth: {
    label: 'Carbon of the server', unit: 'g CO2 per user and month', text: 'serverWhPerUserMonth / 1000 * serverGramsPerKwh',
  },
};

/** A formula, as it is computed. */
export interface CostFormula {
  /** By which others use it. */
  readonly name: CostFormulaName;
  /** In words. */
  readonly label: string;
  /** `money` stands for the currency. */
  readonly unit: string;
  /** Names, numbers, + - * / and brackets. Of `cloudPerRequest` and `devicePerRequest` what is not known is left out. */
  readonly text: string;
}

export const entries = Object.entries(definitions) as [CostFormulaName, Definition][];

/** Every formula, in the order in which they are computed. */
export const costFormulas: readonly CostFormula[] = entries.map(([name, { label, unit, text }]) =>
  ({ name, label, unit, text: typeof text === 'string' ? text : text.join(' + ') }));
