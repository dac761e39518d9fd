// The kernel path of this process: which instruction set the CPU kernels use.
#pragma once
#include <cstdint>

#include "../../include/backend.h"

namespace selfjudge::cpu {

// Each has what those before it have. Avx2: AVX2 + FMA. Avx512: F, BW, DQ, VL. Avx512Bf16: VDPBF16PS. Amx:
// tiles and TDPBF16PS.
enum class Path : uint8_t { Portable, Avx2, Avx512, Avx512Bf16, Amx };
inline constexpr int kPaths = 5;

const char* path_name(Path path);  // "portable", "avx2", "avx512", "avx512bf16", "amx"
// By cpuid, and the operating system saves the registers. It is asked for those of Amx once; if it refuses,
// the path is not available.
bool path_available(Path path);
// The last available one, except that tiles count on Intel's processors only, and VDPBF16PS only where it is
// faster than widening: twice the rate of a float32 FMA on AMD's Zen 4 and 5, half of it on Intel's Sapphire
// Rapids.
Path best_path();

// The path in use. Equal bits are promised within one path only, so it is one per process.
Path current_path();

// Chooses the path: `name`, else SELFJUDGE_CPU, else what is already in use, else best_path().
// SJ_UNSUPPORTED naming the choice and the available paths when the name is unknown or the CPU lacks it.
// An explicit `name` replaces the path in use; no op may be running then.
int32_t select_path(const char* name, sj_error* error);

}  // namespace selfjudge::cpu
