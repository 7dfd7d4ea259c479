// Words of their own for what the watch looks at in digits.

import { textOf as textOfAny } from '../../element/features.js';
import type { FeatureText } from '../../element/features.js';

const kDigits: Record<string, string> = {
  'image.mean': 'mean ink',
  'image.spread': 'spread of ink',
  'image.min': 'lightest cell',
  'image.max': 'darkest cell',
  'image.zero_share': 'blank share',
  'image.saturation_share': 'full-ink share',
  'image.border': 'ink at the border',
};

export function textOf(feature: string): FeatureText {
  const text = textOfAny(feature, feature.startsWith('probabilities.'));
  return { ...text, name: kDigits[feature] ?? text.name };
}
