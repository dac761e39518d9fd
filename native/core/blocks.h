// The block formats of GGUF files: each function expands one block to float32, in the order of operations of
// the Python package gguf (gguf.quants), so that bits are equal. Scales d and minimums are half precision.
//
// __restrict: bytes may alias anything, and a compiler that must expect it does one value at a time.
#pragma once
#include <cstdint>
#include <cstring>

#include "core/bf16.h"
#include "core/f16.h"

namespace selfjudge::blocks {

inline uint16_t load16(const uint8_t* data) { return static_cast<uint16_t>(data[0] | data[1] << 8); }

inline float half_at(const uint8_t* data) { return f16_to_float(load16(data)); }

// 32 values of 5 bits: bit i of the four upper bytes and nibble i, low nibbles first.
inline void five_bits(const uint8_t* __restrict upper, const uint8_t* __restrict nibbles,
                      uint8_t* __restrict out) {
  for (int i = 0; i < 32; ++i) out[i] = upper[i / 8] & (1 << (i % 8)) ? 16 : 0;
  for (int i = 0; i < 16; ++i) {
    out[i] |= nibbles[i] & 15;
    out[i + 16] |= nibbles[i] >> 4;
  }
}

// Where 256 values of 2 bits have the 16 from value i on: 32 bytes for each 128, byte l values l, l + 32, l +
// 64, l + 96.
struct TwoBits {
  const uint8_t* bytes;
  int shift;
};

inline TwoBits two_bits(const uint8_t* data, int i) {
  return {data + 32 * (i / 128) + i % 32, 2 * (i % 128 / 32)};
}

// Scale and minimum of a group of 32 values. The first four groups' are the lower six bits of bytes 0 .. 3
// and 4 .. 7; of the last four, those bytes have the upper two bits, and the nibbles of bytes 8 .. 11 the
// lower four.
struct SixBits {
  int scale, minimum;
};

inline SixBits six_bits(const uint8_t* packed, int group) {
  const int a = packed[group % 4], b = packed[4 + group % 4], c = packed[8 + group % 4];
  if (group < 4) return {a & 63, b & 63};
  return {(c & 15) | (a >> 6) << 4, c >> 4 | (b >> 6) << 4};
}

inline void f32(const uint8_t* __restrict block, float* __restrict out) { std::memcpy(out, block, 4); }
inline void f16(const uint8_t* __restrict block, float* __restrict out) { *out = half_at(block); }
inline void bf16(const uint8_t* __restrict block, float* __restrict out) {
  *out = bf16_to_float(load16(block));
}

// d, 32 signed bytes.
inline void q8_0(const uint8_t* __restrict block, float* __restrict out) {
  const float d = half_at(block);
  for (int i = 0; i < 32; ++i) out[i] = d * static_cast<float>(static_cast<int8_t>(block[2 + i]));
}

// d, 32 nibbles around 8: low nibbles are values 0 .. 15, high ones 16 .. 31.
inline void q4_0(const uint8_t* __restrict block, float* __restrict out) {
  const float d = half_at(block);
  for (int i = 0; i < 16; ++i) {
    out[i] = d * static_cast<float>((block[2 + i] & 15) - 8);
    out[i + 16] = d * static_cast<float>((block[2 + i] >> 4) - 8);
  }
}

// d, minimum, 32 nibbles.
inline void q4_1(const uint8_t* __restrict block, float* __restrict out) {
  const float d = half_at(block), minimum = half_at(block + 2);
  for (int i = 0; i < 16; ++i) {
    out[i] = d * static_cast<float>(block[4 + i] & 15) + minimum;
    out[i + 16] = d * static_cast<float>(block[4 + i] >> 4) + minimum;
  }
}

// d, the fifth bits of all 32 values, nibbles as in Q4_0; around 16.
inline void q5_0(const uint8_t* __restrict block, float* __restrict out) {
  const float d = half_at(block);
  uint8_t values[32];
  five_bits(block + 2, block + 6, values);
  for (int i = 0; i < 32; ++i) out[i] = d * static_cast<float>(values[i] - 16);
}

// d, minimum, fifth bits, nibbles.
inline void q5_1(const uint8_t* __restrict block, float* __restrict out) {
  const float d = half_at(block), minimum = half_at(block + 2);
  uint8_t values[32];
  five_bits(block + 4, block + 8, values);
  for (int i = 0; i < 32; ++i) out[i] = d * static_cast<float>(values[i]) + minimum;
}

// What the nibbles of IQ4_NL and IQ4_XS stand for.
inline constexpr float iq4_values[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                         1,    13,   25,  38,  53,  69,  89,  113};

// 32 values of a table by nibbles as in Q4_0.
inline void iq4(float d, const uint8_t* __restrict nibbles, float* __restrict out) {
  float values[16];
  for (int i = 0; i < 16; ++i) values[i] = d * iq4_values[i];
  for (int i = 0; i < 16; ++i) {
    out[i] = values[nibbles[i] & 15];
    out[i + 16] = values[nibbles[i] >> 4];
  }
}

// d, 32 nibbles.
inline void iq4_nl(const uint8_t* __restrict block, float* __restrict out) {
  iq4(half_at(block), block + 2, out);
}

// 256 values, a scale of 6 bits around 32 for each 32: d, the upper two bits of the scales, their lower four,
// nibbles.
inline void iq4_xs(const uint8_t* __restrict block, float* __restrict out) {
  const float d = half_at(block);
  const int upper = load16(block + 2);
  for (int group = 0; group < 8; ++group) {
    const int low = (block[4 + group / 2] >> (4 * (group % 2))) & 15;
    const int scale = (low | ((upper >> (2 * group)) & 3) << 4) - 32;
    iq4(d * static_cast<float>(scale), block + 8 + 16 * group, out + 32 * group);
  }
}

// 256 values of 2 bits, a scale and a minimum of 4 bits each for each 16: scales[16], low in a byte, pairs of
// bits as two_bits has them, d, d of the minimums.
inline void q2_k(const uint8_t* __restrict block, float* __restrict out) {
  const float d = half_at(block + 80), d_minimum = half_at(block + 82);
  for (int i = 0; i < 256; i += 16) {
    const float scale = d * static_cast<float>(block[i / 16] & 15);
    const float minimum = d_minimum * static_cast<float>(block[i / 16] >> 4);
    const TwoBits bits = two_bits(block + 16, i);
    for (int l = 0; l < 16; ++l)
      out[i + l] = scale * static_cast<float>((bits.bytes[l] >> bits.shift) & 3) - minimum;
  }
}

// 256 values of 3 bits around 4, a scale of 6 bits around 32 for each 16. Upper bits hm[32], bit i / 32 of
// byte i % 32, lower two as two_bits has them, scales[12], d. The lower four bits of scale j are a nibble of
// byte j % 8, the upper two are pair j / 4 of byte 8 + j % 4.
inline void q3_k(const uint8_t* __restrict block, float* __restrict out) {
  const float d = half_at(block + 108);
  const uint8_t* scales = block + 96;
  for (int i = 0; i < 256; i += 16) {
    const int j = i / 16;
    const int low = (scales[j % 8] >> (4 * (j / 8))) & 15, high = (scales[8 + j % 4] >> (2 * (j / 4))) & 3;
    const float scale = d * static_cast<float>((low | high << 4) - 32);
    const TwoBits bits = two_bits(block + 32, i);
    const uint8_t* upper = block + i % 32;
    for (int l = 0; l < 16; ++l) {
      const int value = ((bits.bytes[l] >> bits.shift) & 3) | ((upper[l] >> (i / 32)) & 1) << 2;
      out[i + l] = scale * static_cast<float>(value - 4);
    }
  }
}

// 256 values, a scale and a minimum of 6 bits each for each 32: d, d of the minimums, both packed in 12
// bytes, the fifth bits of Q5_K, bit i / 32 of byte i % 32, nibbles, 32 bytes for each 64 values: low nibbles
// first.
template <bool kFifthBits>
void scaled_nibbles(const uint8_t* __restrict block, float* __restrict out) {
  const float d = half_at(block), d_minimum = half_at(block + 2);
  const uint8_t *packed = block + 4, *fifth = block + 16, *nibbles = fifth + (kFifthBits ? 32 : 0);
  for (int group = 0; group < 8; ++group, out += 32) {
    const SixBits six = six_bits(packed, group);
    const float scale = d * static_cast<float>(six.scale),
                minimum = d_minimum * static_cast<float>(six.minimum);
    const uint8_t* low = nibbles + 32 * (group / 2);
    const int shift = 4 * (group % 2);
    for (int l = 0; l < 32; ++l) {
      int value = (low[l] >> shift) & 15;
      if constexpr (kFifthBits) value |= ((fifth[l] >> group) & 1) << 4;
      out[l] = scale * static_cast<float>(value) - minimum;
    }
  }
}

// 256 values of 6 bits around 32, a signed scale for each 16. Low nibbles ql[128], upper pairs of bits
// qh[64], scales[16], d. Each half of 128 values: byte l of ql holds values l and l + 64, byte l + 32 values
// l + 32 and l + 96; byte l of qh the upper bits of all four, lowest pair first.
inline void q6_k(const uint8_t* __restrict block, float* __restrict out) {
  const float d = half_at(block + 208);
  for (int i = 0; i < 256; i += 16) {
    const int half = i / 128, quarter = i % 128 / 32;
    const float scale = d * static_cast<float>(static_cast<int8_t>(block[192 + i / 16]));
    const uint8_t* low = block + 64 * half + 32 * (quarter % 2) + i % 32;
    const TwoBits high = two_bits(block + 128, i);
    for (int l = 0; l < 16; ++l) {
      const int value = ((low[l] >> (quarter / 2 * 4)) & 15) | ((high.bytes[l] >> high.shift) & 3) << 4;
      out[i + l] = scale * static_cast<float>(value - 32);
    }
  }
}

}  // namespace selfjudge::blocks
