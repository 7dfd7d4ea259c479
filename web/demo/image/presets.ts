// How pictures are prepared for classifiers: the usual ways by name, and fields for all others.

import type { ImageOptions, TensorInfo } from 'insitu';

import { byId } from '../common/dom.js';

/* Where a model leaves its extents open. */
const kUsualSide = 224;

export interface Preset { mean: string; std: string; crop: string; channels: 'rgb' | 'bgr' | 'gray'; bytes?: true }

export const kPresets: Record<string, Preset> = {
  imagenet: { mean: '0.485, 0.456, 0.406', std: '0.229, 0.224, 0.225', crop: '0.875', channels: 'rgb' },
  half: { mean: '0.5', std: '0.5', crop: '0.875', channels: 'rgb' },
  unit: { mean: '0', std: '1', crop: '1', channels: 'rgb' },
  bytes: { mean: '0', std: '1', crop: '1', channels: 'rgb', bytes: true },
  ink: { mean: '1', std: '-1', crop: '1', channels: 'gray' },
};

const field = (name: string): HTMLInputElement => byId<HTMLInputElement>(`image-${name}`);

function numbers(name: string): number[] {
  const parsed = field(name).value.split(/[\s,;]+/).filter(Boolean).map(Number);
  if (parsed.length === 0 || parsed.some((number) => !Number.isFinite(number))) throw new Error(`'${field(name).value}' is no list of numbers for ${name}.`);
  return parsed;
}

/** Fills the fields, and chooses the preset in the list. */
export function usePreset(name: string): void {
  const preset = kPresets[name];
  byId<HTMLSelectElement>('image-preset').value = name;
  if (!preset) return;
  for (const part of ['mean', 'std', 'crop', 'channels'] as const) field(part).value = preset[part];
}

/** What the fields say, for an input. Throws where they say nothing sensible. */
export function optionsFor({ dims, dtype }: TensorInfo): ImageOptions {
  const one = (list: number[]): number | number[] => (list.length === 1 ? list[0]! : list);
  const open = dims.filter((dim) => typeof dim !== 'number').length > 1;
  const bytes = kPresets[byId<HTMLSelectElement>('image-preset').value]?.bytes;
  const integers = dtype === 'uint8' || dtype === 'int8';
  return {
    mean: one(numbers('mean')), std: one(numbers('std')), crop: numbers('crop')[0], channels: field('channels').value as Preset['channels'],
    filter: 'area', ...(bytes && !integers && { scale: 1 }), ...(open && { width: kUsualSide, height: kUsualSide }),
  };
}
