// What the numbers that the watch looks at are called, and how each is computed, for people.

export interface FeatureText {
  name: string;
  formula: string;
}

const kTensor: Record<string, FeatureText> = {
  mean: { name: 'mean', formula: 'Σx / n' },
  spread: { name: 'spread', formula: '√(Σ(x − mean)² / n)' },
  min: { name: 'smallest value', formula: 'min x' },
  max: { name: 'largest value', formula: 'max x' },
  zero_share: { name: 'share of zeros', formula: 'how many x = 0, of n' },
  saturation_share: { name: 'share at the limit', formula: 'how many x ≥ 0.999, of n' },
  nan_share: { name: 'share of NaN', formula: 'how many are no numbers, of n' },
  brightness: { name: 'brightness', formula: 'mean of 0.299 R + 0.587 G + 0.114 B' },
  contrast: { name: 'contrast', formula: 'standard deviation of the luma' },
  sharpness: { name: 'sharpness', formula: 'mean (∇²x)² / variance' },
  entropy: { name: 'variety of tones', formula: '−Σ p log₂ p over 32 tones' },
  aspect: { name: 'aspect', formula: 'width / height' },
  centre_x: { name: 'place, across', formula: 'Σ x·light / Σ light' },
  centre_y: { name: 'place, down', formula: 'Σ y·light / Σ light' },
  border: { name: 'light at the border', formula: 'mean of the outermost pixels' },
  channel0: { name: 'red', formula: 'mean R' },
  channel1: { name: 'green', formula: 'mean G' },
  channel2: { name: 'blue', formula: 'mean B' },
  balance01: { name: 'red over green', formula: '(mean R − mean G) / contrast' },
  balance12: { name: 'green over blue', formula: '(mean G − mean B) / contrast' },
  colour: { name: 'colourfulness', formula: 'mean (max − min of R, G, B)' },
  top: { name: 'confidence', formula: 'max p' },
  margin: { name: 'lead of the best', formula: 'largest p − second' },
  class: { name: 'the answer', formula: 'which p is largest' },
};

/* Of outputs, which hold the scores of classes. */
const kScores: FeatureText = { name: 'uncertainty', formula: '−Σ p ln p' };

/** Of a feature by its full name, as `image.brightness`; features that are the page's own are called as they are. */
export function textOf(feature: string, ofOutput = false): FeatureText {
  const kind = feature.slice(feature.lastIndexOf('.') + 1);
  if (ofOutput && kind === 'entropy') return kScores;
  return (kind !== feature && kTensor[kind]) || { name: feature, formula: '' };
}
