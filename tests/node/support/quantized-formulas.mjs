// The formulas of quantized operators as plain loops in float32 steps: what every backend must give exactly.
//   y = saturate(rint_half_even(value) + zero_point)
const f = Math.fround;

/** Rounds half to even. */
export function rint(value) {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 ? 2 * Math.round(value / 2) : rounded;
}

const bounds = { int8: [-128, 127], uint8: [0, 255] };

export function saturate(value, dtype) {
  const [low, high] = bounds[dtype];
  return Math.min(Math.max(value, low), high);
}

export function quantize(real, { scale, zero, dtype }) {
  return saturate(rint(f(f(real) / f(scale))) + zero, dtype);
}

export function dequantize(value, { scale, zero }) {
  return f(f(value - zero) * f(scale));
}

/** m = float32(float32(sx * sw) / sy). */
function requantize(sum, x, wScale, y) {
  const factor = f(f(f(x.scale) * f(wScale)) / f(y.scale));
  return saturate(rint(f(f(sum) * factor)) + y.zero, y.dtype);
}

const channel = (list, i) => list[list.length === 1 ? 0 : i];

/** Calls visit(position in y, output channel, sum) for every output of a convolution; NCHW, OIHW. */
export function convolve({ x, w, xZero, wZero, group, strides, dilations, pads }, visit) {
  const [batch, channels, height, width] = x.dims;
  const [outputs, depth, kernelHeight, kernelWidth] = w.dims;
  const extent = (size, kernel, i) =>
    Math.floor((size + pads[i] + pads[i + 2] - dilations[i] * (kernel - 1) - 1) / strides[i]) + 1;
  const dims = [batch, outputs, extent(height, kernelHeight, 0), extent(width, kernelWidth, 1)];
  let at = 0;
  for (let n = 0; n < batch; n++) {
    for (let o = 0; o < outputs; o++) {
      const first = Math.floor(o / (outputs / group)) * depth;
      for (let row = 0; row < dims[2]; row++) {
        for (let column = 0; column < dims[3]; column++, at++) {
          let sum = 0;
          for (let c = 0; c < depth; c++) {
            for (let ky = 0; ky < kernelHeight; ky++) {
              for (let kx = 0; kx < kernelWidth; kx++) {
                const iy = row * strides[0] - pads[0] + ky * dilations[0];
                const ix = column * strides[1] - pads[1] + kx * dilations[1];
                if (iy < 0 || iy >= height || ix < 0 || ix >= width) continue;
                const value = x.data[((n * channels + first + c) * height + iy) * width + ix] - xZero;
                sum += value * (w.data[((o * depth + c) * kernelHeight + ky) * kernelWidth + kx] - channel(wZero, o));
              }
            }
          }
          visit(at, o, sum);
        }
      }
    }
  }
  return dims;
}

/** Calls visit(position in y, column, sum) for every output of a [rows, depth] by b [depth, columns]. */
export function multiply({ a, b, aZero, bZero, transB = false }, visit) {
  const depth = a.dims.at(-1);
  const rows = a.data.length / depth;
  const columns = transB ? b.dims[0] : b.dims[1];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      let sum = 0;
      for (let k = 0; k < depth; k++) {
        const weight = b.data[transB ? column * depth + k : k * columns + column];
        sum += (a.data[row * depth + k] - aZero) * (weight - channel(bZero, column));
      }
      visit(row * columns + column, column, sum);
    }
  }
  return [...a.dims.slice(0, -1), columns];
}

/** A visitor that requantizes sums (with int32 biases) into `into`. */
export const toQuantized = (into, { x, wScale, bias, y }) => (at, c, sum) => {
  into[at] = requantize(sum + (bias ? bias[c] : 0), x, channel(wScale, c), y);
};

/** A visitor that scales sums to reals. */
export const toReal = (into, { scale, wScale, bias }) => (at, c, sum) => {
  const product = f(f(sum) * f(f(scale) * f(channel(wScale, c))));
  into[at] = bias ? f(product + f(bias[c])) : product;
};

/** DynamicQuantizeLinear: the scale and zero point of a whole tensor. */
export function dynamicRange(data) {
  const low = f(Math.min(0, ...data));
  const high = f(Math.max(0, ...data));
  const scale = high === low ? f(1) : f(f(high - low) / 255);
  return { scale, zero: saturate(rint(f(f(0 - low) / scale)), 'uint8'), dtype: 'uint8' };
}
