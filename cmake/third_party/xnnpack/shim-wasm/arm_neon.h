// Two XNNPACK kernels for wasm (f32-qs8-vcvt and f32-qu8-vcvt, wasmsimd-magic) name this header by
// mistake; what they use is in the one included here.
#pragma once
#include <wasm_simd128.h>
