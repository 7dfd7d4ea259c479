// insitu/post: what classifiers, detectors and segmentation models give, as classes, boxes and masks.
/** What results mean: probabilities, ranks, boxes, masks. @module insitu/post */
export { argmaxMask } from './mask.js';
export type { MaskOptions } from './mask.js';
export { nms } from './nms.js';
export type { Box, Detection, NmsOptions } from './nms.js';
export { imagePlacement } from './placement.js';
export type { ImagePlacement } from './placement.js';
export { softmax } from './softmax.js';
export { topK } from './top-k.js';
export type { Ranked, TopKOptions } from './top-k.js';
