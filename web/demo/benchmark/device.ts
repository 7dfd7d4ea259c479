// What the browser says of itself and of the device, as far as it bears on times.

export interface Device {
  readonly browser: string;
  readonly platform: string;
  readonly userAgent: string;
  readonly cores: number;
  /** In GB, rounded by the browser; null where it does not say. */
  readonly memory: number | null;
  readonly isolated: boolean;
  readonly clockStepMs: number;
}

interface Brands {
  readonly userAgentData?: { readonly brands: readonly { readonly brand: string; readonly version: string }[]; readonly platform: string };
  readonly deviceMemory?: number;
}

export function thisDevice(clockStepMs: number): Device {
  const { userAgent, hardwareConcurrency: cores, userAgentData, deviceMemory } = navigator as Navigator & Brands;
  const brands = userAgentData?.brands.filter(({ brand }) => !/not.?a.?brand/i.test(brand.replace(/[^a-z ]/gi, '')));
  const [named] = /(Firefox|Version|Chrome)\/[\d.]+/.exec(userAgent) ?? [];
  return {
    browser: brands?.map(({ brand, version }) => `${brand} ${version}`).join(', ') || named || 'unknown',
    platform: userAgentData?.platform || navigator.platform, userAgent, cores, memory: deviceMemory ?? null,
    isolated: crossOriginIsolated, clockStepMs,
  };
}
