// Blocks of GGUF files to float32.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace selfjudge {

// Throws what dequantize would throw.
void check_dequantize(const std::string& type, size_t bytes, size_t count);

// Writes `count` values. `type` is one of F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q6_K; blocks hold 32 values
// (Q6_K: 256), and `count` must be a whole number of them. Throws Error::wrong_argument: unknown type, wrong
// count, short data.
void dequantize(const std::string& type, const uint8_t* data, size_t bytes, size_t count, float* out);

}  // namespace selfjudge
