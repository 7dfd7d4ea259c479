// The numbers that a comparison of cloud and device is made of: people type or measure them. Units stand in the names.
// Invariant: none has a default. What is not given leaves out the terms that need it.

/** What is known; whatever is missing leaves out the terms that need it. Prices are in one currency, a GB has 10^9 bytes. */
export interface CostInput {
  /** Inferences of one user in a month. */
  requestsPerUserMonth?: number;
  /** Visits of one user in a month. */
  visitsPerUserMonth?: number;
  /** How many users there are. */
  users?: number;
  /** One inference on the device, in milliseconds. */
  deviceMs?: number;
  /** How long a request occupies the server, in milliseconds. */
  serverMs?: number;
  /** Price of an instance for an hour. */
  instancePricePerHour?: number;
  /** Requests that an instance computes at once. */
  parallelRequests?: number;
  /** The share of the time in which an instance computes, above 0 and up to 1. */
  utilisation?: number;
  /** Serverless: price of a million requests. */
  pricePerMillionRequests?: number;
  /** Serverless: memory of a function, in GB as the provider bills them. */
  memoryGb?: number;
  /** Serverless: price of a GB of memory for a second. */
  pricePerGbSecond?: number;
  /** Bytes of one answer. */
  egressBytes?: number;
  /** Price of a GB that leaves the cloud. */
  egressPricePerGb?: number;
  /** Bytes of one request. */
  ingressBytes?: number;
  /** Price of a GB that goes into the cloud. */
  ingressPricePerGb?: number;
  /** Bytes of the engine as they are delivered. */
  engineBytes?: number;
  /** Bytes of the model as they are delivered. */
  modelBytes?: number;
  /** The share of visits that find engine and model in a cache, 0 to 1. */
  cacheHitRate?: number;
  /** Price of a GB that is delivered to users. */
  cdnPricePerGb?: number;
  /** What the device draws more while it computes, in watts. */
  deviceWatts?: number;
  /** Price of a kWh at the user's; it counts as a cost of the device. */
  electricityPricePerKwh?: number;
  /** What the device's battery holds, in Wh. */
  batteryWh?: number;
  /** What an instance draws, in watts. */
  serverWatts?: number;
  /** Grams of CO2 for a kWh where the users are. */
  deviceGramsPerKwh?: number;
  /** Grams of CO2 for a kWh where the servers are. */
  serverGramsPerKwh?: number;
}

/** The name of a number that can be given. */
export type CostFieldName = keyof CostInput;

/** What a number is, for forms. */
export interface CostField {
  /** In words. */
  readonly label: string;
  /** `money` stands for the currency. */
  readonly unit: string;
  /** What it belongs to. */
  readonly group: CostGroup;
  /** The least that it can be. */
  readonly least: number;
  /** The most that it can be. */
  readonly most: number;
}

/** Fields that belong together. */
export type CostGroup = 'use' | 'instances' | 'serverless' | 'transfer' | 'delivery' | 'energy' | 'carbon';

/* So that whatever is multiplied stays finite. */
const most = 1e15, leastDivisor = 1e-9;

const amount = (group: CostGroup, label: string, unit: string): CostField => ({ label, unit, group, least: 0, most });
const divisor = (group: CostGroup, label: string, unit: string): CostField => ({ label, unit, group, least: leastDivisor, most });

/** Every number that can be given, in the order of a form. */
export const costFields: Readonly<Record<CostFieldName, CostField>> = {
  requestsPerUserMonth: amount('use', 'Requests', 'per user and month'),
  visitsPerUserMonth: divisor('use', 'Visits', 'per user and month'),
  users: amount('use', 'Users', ''),
  deviceMs: amount('use', 'Time of an inference on the device', 'ms'),
  serverMs: amount('use', 'Time of a request on the server', 'ms'),
  instancePricePerHour: amount('instances', 'Price of an instance', 'money per hour'),
  parallelRequests: divisor('instances', 'Requests at once', 'per instance'),
  utilisation: { ...divisor('instances', 'Share of the time it computes', '0 to 1'), most: 1 },
  pricePerMillionRequests: amount('serverless', 'Price of requests', 'money per million'),
  memoryGb: amount('serverless', 'Memory of a function', 'GB'),
  pricePerGbSecond: amount('serverless', 'Price of memory', 'money per GB and second'),
  egressBytes: amount('transfer', 'Answer', 'bytes'),
  egressPricePerGb: amount('transfer', 'Price of answers (egress)', 'money per GB'),
  ingressBytes: amount('transfer', 'Request', 'bytes'),
  ingressPricePerGb: amount('transfer', 'Price of requests (ingress)', 'money per GB'),
  engineBytes: amount('delivery', 'Engine', 'bytes'),
  modelBytes: amount('delivery', 'Model', 'bytes'),
  cacheHitRate: { ...amount('delivery', 'Visits that find both in a cache', '0 to 1'), most: 1 },
  cdnPricePerGb: amount('delivery', 'Price of delivery (CDN)', 'money per GB'),
  deviceWatts: amount('energy', 'Power of the device while it computes', 'W'),
  electricityPricePerKwh: amount('energy', 'Price of electricity for the user', 'money per kWh'),
  batteryWh: divisor('energy', 'Battery of the device', 'Wh'),
  serverWatts: amount('energy', 'Power of an instance', 'W'),
  deviceGramsPerKwh: amount('carbon', 'Carbon where the users are', 'g CO2 per kWh'),
  serverGramsPerKwh: amount('carbon', 'Carbon where the servers are', 'g CO2 per kWh'),
};

export const fieldNames = Object.keys(costFields) as CostFieldName[];
