// The part of cpuinfo's interface that XNNPACK asks on x86-64 when nothing newer than AVX2 and FMA
// is compiled in, answered by the compiler's own CPU model. Native builds serve tests only.
#pragma once
#include <stdbool.h>

static inline bool cpuinfo_initialize(void) {
  __builtin_cpu_init();
  return true;
}
static inline bool cpuinfo_has_x86_ssse3(void) { return __builtin_cpu_supports("ssse3"); }
static inline bool cpuinfo_has_x86_sse4_1(void) { return __builtin_cpu_supports("sse4.1"); }
static inline bool cpuinfo_has_x86_avx(void) { return __builtin_cpu_supports("avx"); }
static inline bool cpuinfo_has_x86_f16c(void) { return __builtin_cpu_supports("f16c"); }
static inline bool cpuinfo_has_x86_fma3(void) { return __builtin_cpu_supports("fma"); }
static inline bool cpuinfo_has_x86_avx2(void) { return __builtin_cpu_supports("avx2"); }

// XNNPACK picks a narrower kernel on first-generation Zen; every machine here counts as newer.
enum cpuinfo_uarch { cpuinfo_uarch_unknown, cpuinfo_uarch_zen, cpuinfo_uarch_dhyana };
struct cpuinfo_core {
  enum cpuinfo_uarch uarch;
};
static inline const struct cpuinfo_core* cpuinfo_get_core(unsigned index) {
  static const struct cpuinfo_core newer = {cpuinfo_uarch_unknown};
  (void)index;
  return &newer;
}
