#include "core/quantize.h"

#include <algorithm>
#include <cmath>

#include "core/bf16.h"
#include "core/error.h"
#include "core/f16.h"

namespace selfjudge {
namespace {

void store16(uint16_t bits, uint8_t* out) {
  out[0] = static_cast<uint8_t>(bits);
  out[1] = static_cast<uint8_t>(bits >> 8);
}

// Below 2^-128 the inverse of a scale overflows, and what gguf.quants computes from it is undefined. Half
// precision has 0 for such a scale, so that whatever is written means zeros.
float inverse(float scale) {
  const float inverse = 1.0f / scale;
  return std::isfinite(inverse) ? inverse : 0.0f;
}

void f16(const float* __restrict values, uint8_t* __restrict out) { store16(float_to_f16(*values), out); }
void bf16(const float* __restrict values, uint8_t* __restrict out) { store16(float_to_bf16(*values), out); }

// d, a 127th of the largest magnitude, and multiples of it in signed bytes, halves away from zero.
void q8_0(const float* __restrict values, uint8_t* __restrict out) {
  float largest = 0;
  for (int i = 0; i < 32; ++i) largest = std::max(largest, std::abs(values[i]));
  const float d = largest / 127, by = inverse(d);
  store16(float_to_f16(d), out);
  for (int i = 0; i < 32; ++i) {
    const float quotient = values[i] * by;
    const int whole = static_cast<int>(quotient);
    const float rest = quotient - static_cast<float>(whole);
    out[2 + i] = static_cast<uint8_t>(whole + (rest >= 0.5f) - (rest <= -0.5f));
  }
}

// d, such that the value of largest magnitude, the first of several, is -8 d, and nibbles around 8: low
// nibbles are values 0 .. 15, high ones 16 .. 31. Of 8 d there is none: it becomes 7 d.
void q4_0(const float* __restrict values, uint8_t* __restrict out) {
  float largest = values[0];
  for (int i = 1; i < 32; ++i)
    if (std::abs(values[i]) > std::abs(largest)) largest = values[i];
  const float d = largest / -8, by = inverse(d);
  store16(float_to_f16(d), out);
  const auto nibble = [&](int i) { return std::min(static_cast<int>(values[i] * by + 8.5f), 15); };
  for (int i = 0; i < 16; ++i) out[2 + i] = static_cast<uint8_t>(nibble(i) | nibble(i + 16) << 4);
}

constexpr float kLargestF16 = 65504, kLargestBf16 = 0x1.fep127f;

struct Format {
  const char* name;
  size_t values, bytes;  // of a block
  float largest;
  void (*pack)(const float* values, size_t blocks, uint8_t* out);
};

template <size_t kValues, size_t kBytes,
          void (*encode)(const float* __restrict values, uint8_t* __restrict out)>
constexpr Format format(const char* name, float largest) {
  return {name, kValues, kBytes, largest, [](const float* values, size_t blocks, uint8_t* out) {
            for (size_t i = 0; i < blocks; ++i) encode(values + i * kValues, out + i * kBytes);
          }};
}

constexpr Format formats[] = {
    format<1, 2, f16>("F16", kLargestF16),
    format<1, 2, bf16>("BF16", kLargestBf16),
    format<32, 34, q8_0>("Q8_0", 127 * kLargestF16),
    format<32, 18, q4_0>("Q4_0", 8 * kLargestF16),
};

const Format& checked_format(const std::string& type, size_t count) {
  for (const Format& format : formats) {
    if (type != format.name) continue;
    if (count % format.values == 0) return format;
    throw Error::wrong_argument("quantize", "values", "a multiple of " + std::to_string(format.values),
                                std::to_string(count));
  }
  throw Error::wrong_argument("quantize", "type", "one of F16, BF16, Q8_0, Q4_0", "'" + type + "'");
}

}  // namespace

size_t quantized_bytes(const std::string& type, size_t count) {
  const Format& format = checked_format(type, count);
  return count / format.values * format.bytes;
}

int64_t quantize(const std::string& type, const float* values, size_t count, uint8_t* out) {
  const Format& format = checked_format(type, count);
  // NaN is at most nothing.
  const auto fits = [&](float value) { return std::abs(value) <= format.largest; };
  const float* unfit = std::find_if_not(values, values + count, fits);
  if (unfit != values + count) return unfit - values;
  format.pack(values, count / format.values, out);
  return -1;
}

}  // namespace selfjudge
