// float32 to blocks of GGUF files.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace selfjudge {

// Bytes that `count` values take. `type` is one of F16, BF16, and of Q8_0 and Q4_0, whose blocks hold 32
// values: `count` must be a whole number of them. Throws Error::wrong_argument: unknown type, wrong count.
size_t quantized_bytes(const std::string& type, size_t count);

// Writes them, with the bits of the Python package gguf (gguf.quants). Returns -1, or the first value that
// the type has no number for, and `out` is then unfinished: NaN, infinite, or above the type's largest value
// (F16 65504, BF16 0x7f7f; Q8_0 127 and Q4_0 8 times the largest scale, 65504).
int64_t quantize(const std::string& type, const float* values, size_t count, uint8_t* out);

}  // namespace selfjudge
