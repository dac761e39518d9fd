#include "core/dequantize.h"

#include <bit>
#include <cstring>

#include "core/bf16.h"
#include "core/error.h"

namespace selfjudge {
namespace {

uint16_t load16(const uint8_t* data) { return static_cast<uint16_t>(data[0] | data[1] << 8); }

// IEEE half precision, exact: subnormals are scaled, infinities and NaN keep their payload.
float half_to_float(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000u) << 16, exponent = (half >> 10) & 31,
                 mantissa = half & 1023;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000u | mantissa << 13);
  if (exponent == 0) {
    const float value = static_cast<float>(mantissa) * 0x1p-24f;
    return sign ? -value : value;
  }
  return std::bit_cast<float>(sign | (exponent + 112) << 23 | mantissa << 13);
}

float half_at(const uint8_t* data) { return half_to_float(load16(data)); }

void f32(const uint8_t* block, float* out) { std::memcpy(out, block, 4); }
void f16(const uint8_t* block, float* out) { *out = half_at(block); }
void bf16(const uint8_t* block, float* out) { *out = bf16_to_float(load16(block)); }

// d, 32 signed bytes.
void q8_0(const uint8_t* block, float* out) {
  const float d = half_at(block);
  for (int i = 0; i < 32; ++i) out[i] = d * static_cast<float>(static_cast<int8_t>(block[2 + i]));
}

// d, 32 nibbles around 8: low nibbles are values 0 .. 15, high ones 16 .. 31.
void q4_0(const uint8_t* block, float* out) {
  const float d = half_at(block);
  for (int i = 0; i < 16; ++i) {
    out[i] = d * static_cast<float>((block[2 + i] & 15) - 8);
    out[i + 16] = d * static_cast<float>((block[2 + i] >> 4) - 8);
  }
}

// d, minimum, 32 nibbles.
void q4_1(const uint8_t* block, float* out) {
  const float d = half_at(block), minimum = half_at(block + 2);
  for (int i = 0; i < 16; ++i) {
    out[i] = d * static_cast<float>(block[4 + i] & 15) + minimum;
    out[i + 16] = d * static_cast<float>(block[4 + i] >> 4) + minimum;
  }
}

// 256 values of 6 bits around 32, a signed scale for each 16. Low nibbles ql[128], upper pairs of bits
// qh[64], scales[16], d. Each half of 128 values: byte l of ql holds values l and l + 64, byte l + 32 values
// l + 32 and l + 96; byte l of qh the upper bits of all four, lowest pair first.
void q6_k(const uint8_t* block, float* out) {
  const float d = half_at(block + 208);
  for (int half = 0; half < 2; ++half, out += 128) {
    const uint8_t *low = block + 64 * half, *high = block + 128 + 32 * half;
    const int8_t* scales = reinterpret_cast<const int8_t*>(block + 192 + 8 * half);
    for (int i = 0; i < 128; ++i) {
      const int l = i % 32, quarter = i / 32;
      const int nibble = (low[l + 32 * (quarter % 2)] >> (quarter / 2 * 4)) & 15;
      const int value = (nibble | ((high[l] >> (2 * quarter)) & 3) << 4) - 32;
      out[i] = d * static_cast<float>(scales[i / 16]) * static_cast<float>(value);
    }
  }
}

struct Format {
  const char* name;
  size_t values, bytes;  // of a block
  void (*decode)(const uint8_t* block, float* out);
};

constexpr Format formats[] = {{"F32", 1, 4, f32},      {"F16", 1, 2, f16},     {"BF16", 1, 2, bf16},
                              {"Q8_0", 32, 34, q8_0},  {"Q4_0", 32, 18, q4_0}, {"Q4_1", 32, 20, q4_1},
                              {"Q6_K", 256, 210, q6_k}};

const Format& checked_format(const std::string& type, size_t bytes, size_t count) {
  for (const Format& format : formats) {
    if (type != format.name) continue;
    if (count % format.values != 0) {
      throw Error::wrong_argument("dequantize", "count", "a multiple of " + std::to_string(format.values),
                                  std::to_string(count));
    }
    const size_t needed = count / format.values * format.bytes;
    if (bytes < needed) {
      throw Error::wrong_argument("dequantize", "data", "at least " + std::to_string(needed) + " bytes",
                                  std::to_string(bytes));
    }
    return format;
  }
  throw Error::wrong_argument("dequantize", "type", "one of F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q6_K",
                              "'" + type + "'");
}

}  // namespace

void check_dequantize(const std::string& type, size_t bytes, size_t count) {
  checked_format(type, bytes, count);
}

void dequantize(const std::string& type, const uint8_t* data, size_t bytes, size_t count, float* out) {
  const Format& format = checked_format(type, bytes, count);
  for (size_t i = 0; i < count / format.values; ++i)
    format.decode(data + i * format.bytes, out + i * format.values);
}

}  // namespace selfjudge
