// The kernel path of this process: which instruction set the CPU kernels use.
#pragma once
#include <cstdint>

#include "../../include/backend.h"

namespace selfjudge::cpu {

// Ascending preference. Avx2: AVX2 + FMA. Avx512: F, BW, DQ, VL (and the Avx2 set).
enum class Path : uint8_t { Portable, Avx2, Avx512 };
inline constexpr int kPaths = 3;

const char* path_name(Path path);  // "portable", "avx2", "avx512"
bool path_available(Path path);    // by cpuid, and the operating system saves the registers

// The path in use. Equal bits are promised within one path only, so it is one per process.
Path current_path();

// Chooses the path: `name`, else SELFJUDGE_CPU, else what is already in use, else the best available.
// SJ_UNSUPPORTED naming the choice and the available paths when the name is unknown or the CPU lacks it.
// An explicit `name` replaces the path in use; no op may be running then.
int32_t select_path(const char* name, sj_error* error);

}  // namespace selfjudge::cpu
