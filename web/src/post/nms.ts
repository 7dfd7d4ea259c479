// Greedy non-maximum suppression, class by class: of boxes that overlap, the one with the best score stays.
// Reference: https://github.com/onnx/onnx/blob/main/docs/Operators.md#NonMaxSuppression, whose IoU of corners this is.
import type { Tensor } from 'insitu';
import { fail } from '../fail.js';
import { checkIsTensor, numbersOf } from './scores.js';

/** Left, top, right, bottom. */
export type Box = readonly [number, number, number, number];

/** How boxes are read and which stay. */
export interface NmsOptions {
  /** Above this intersection over union the one with the lower score goes; default 0.45. */
  iou?: number;
  /** What scores less is not looked at; default 0.25. */
  score?: number;
  /** At most so many stay; default 100. */
  most?: number;
  /** Corners, or centre and size; default 'xyxy'. */
  format?: 'xyxy' | 'cxcywh';
  /** 'rows' (the default): boxes [n, 4], scores [n] or [n, classes]. 'columns': boxes [4, n], scores [classes, n]. */
  layout?: 'rows' | 'columns';
}

/** A box that stays. */
export interface Detection {
  /** Which of the boxes, from 0. */
  readonly index: number;
  /** Which of the classes, from 0. */
  readonly classIndex: number;
  /** Of that class. */
  readonly score: number;
  /** In the units of the boxes. */
  readonly box: Box;
}

/** The boxes that stay, best first. A leading dim of 1, a batch of one, is looked through. ShapeMismatch, InvalidArgument. */
export function nms(boxes: Tensor, scores: Tensor, options: NmsOptions = {}): Detection[] {
  checkIsTensor(boxes, 'boxes');
  checkIsTensor(scores, 'scores');
  const { iou = 0.45, score: least = 0.25, most = 100, format = 'xyxy', layout = 'rows' } = options;
  const [boxDims, scoreDims] = [boxes, scores].map(({ dims }) => (dims.length > 2 && dims[0] === 1 ? dims.slice(1) : dims)) as [number[], number[]];
  const columns = layout === 'columns';
  const [count, four] = columns ? [boxDims[1], boxDims[0]] : [boxDims[0], boxDims[1]];
  const [scored, classes = 1] = columns && scoreDims.length === 2 ? [scoreDims[1], scoreDims[0]] : scoreDims;
  if (boxDims.length !== 2 || four !== 4 || count === undefined || scored !== count || scoreDims.length > 2) {
    fail('ShapeMismatch', `boxes [${boxes.dims}] and scores [${scores.dims}] do not go together`,
      columns ? "With layout 'columns' they are [4, n] and [classes, n]." : 'They are [n, 4] and [n] or [n, classes].');
  }
  const numbers = numbersOf(boxes, 'boxes'), weights = numbersOf(scores, 'scores');
  const read = (index: number): Box => {
    const [a, b, c, d] = [0, 1, 2, 3].map((i) => numbers[columns ? i * count + index : index * 4 + i]!) as [number, number, number, number];
    return format === 'xyxy' ? [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)] : [a - c / 2, b - d / 2, a + c / 2, b + d / 2];
  };
  const candidates: Detection[] = [];
  for (let index = 0; index < count; index++) {
    for (let classIndex = 0; classIndex < classes; classIndex++) {
      const score = weights[columns ? classIndex * count + index : index * classes + classIndex]!;
      if (score >= least) candidates.push({ index, classIndex, score, box: read(index) });
    }
  }
  candidates.sort((one, other) => other.score - one.score || one.index - other.index);
  const kept: Detection[] = [];
  for (const candidate of candidates) {
    if (kept.length >= most) break;
    const covered = kept.some(({ classIndex, box }) => classIndex === candidate.classIndex && overlap(box, candidate.box) > iou);
    if (!covered) kept.push(candidate);
  }
  return kept;
}

function overlap(one: Box, other: Box): number {
  const width = Math.min(one[2], other[2]) - Math.max(one[0], other[0]);
  const height = Math.min(one[3], other[3]) - Math.max(one[1], other[1]);
  if (width <= 0 || height <= 0) return 0;
  const both = width * height;
  return both / (areaOf(one) + areaOf(other) - both);
}

const areaOf = ([left, top, right, bottom]: Box) => (right - left) * (bottom - top);
