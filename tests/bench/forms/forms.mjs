// The forms in which one float graph is measured, by precision. insitu is measured in the forms that the quantizers
// write by default ("ours"); other engines are tried in all forms of a precision, and their best counts.
import { quantizeBlocks } from './quantize-blocks.mjs';
import { quantizeDynamic } from './quantize-dynamic.mjs';
import { quantizeStatic } from './quantize-static.mjs';

/* u8s8: activations in uint8, weights in int8. reduced: weights of seven bits (reduce_range). */
const fixed = (activations, reduceRange) => (graph, ranges) => quantizeStatic(graph, ranges, { activations, reduceRange });
const dynamic = (reduceRange) => (graph) => quantizeDynamic(graph, { reduceRange });

/** Per precision its forms: name, whether insitu is measured in it, and make(graph, ranges), which gives a graph. */
export const precisions = {
  fp32: [{ name: 'fp32', ours: true, make: (graph) => graph }],
  int8: [
    { name: 'int8-u8s8', ours: true, make: fixed('uint8', false) },
    { name: 'int8-s8s8', ours: true, make: fixed('int8', false) },
    { name: 'int8-u8s8-reduced', ours: false, make: fixed('uint8', true) },
    { name: 'int8-s8s8-reduced', ours: false, make: fixed('int8', true) },
  ],
  dynamic: [
    { name: 'dynamic-u8s8', ours: true, make: dynamic(false) },
    { name: 'dynamic-u8s8-reduced', ours: false, make: dynamic(true) },
  ],
  int4: [
    { name: 'int4', ours: true, make: (graph) => quantizeBlocks(graph) },
    { name: 'int4-accuracy4', ours: true, make: (graph) => quantizeBlocks(graph, { accuracy: 4 }) },
  ],
};
