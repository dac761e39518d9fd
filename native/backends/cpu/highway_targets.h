// Which instruction sets Highway compiles, and which one of them runs. Include before any hwy header.
//
// One a kernel path: AVX3 is avx512, avx512bf16 and amx, AVX2 is avx2, SSE4 and plain code are portable.
// Others would only add build time, or (scalable vectors) cannot sit in the arrays our register blocks use.
#pragma once
#ifdef HIGHWAY_HWY_DETECT_TARGETS_H_
#error "highway_targets.h must come before any hwy header"
#endif
#define HWY_DISABLED_TARGETS (HWY_AVX3_DL | HWY_SSSE3 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)

namespace selfjudge::cpu {
// Makes every Highway kernel use the instruction set of `path` (features.h), or the best
// one below it that the CPU has. No op may be running.
void restrict_highway(const char* path);
}  // namespace selfjudge::cpu
