// Blocks of GGUF files to float32.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace selfjudge {

// Throws what dequantize would throw.
void check_dequantize(const std::string& type, size_t bytes, size_t count);

// Writes `count` values, with the bits of the Python package gguf (gguf.quants). `type` is one of F32, F16,
// BF16, blocks of 32 values: Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, IQ4_NL, and of 256: Q2_K, Q3_K, Q4_K, Q5_K, Q6_K,
// IQ4_XS. `count` must be a whole number of them. A scale that is not finite makes values that are not.
// Throws Error::wrong_argument: unknown type, wrong count, short data.
void dequantize(const std::string& type, const uint8_t* data, size_t bytes, size_t count, float* out);

}  // namespace selfjudge
