#include "core/dequantize.h"

#include "core/blocks.h"
#include "core/error.h"

namespace selfjudge {
namespace {

struct Format {
  const char* name;
  size_t values, bytes;  // of a block
  void (*expand)(const uint8_t* data, size_t blocks, float* out);
};

// Its own loop for each format, into which the decoder is inlined.
template <size_t kValues, size_t kBytes,
          void (*decode)(const uint8_t* __restrict block, float* __restrict out)>
constexpr Format format(const char* name) {
  return {name, kValues, kBytes, [](const uint8_t* data, size_t blocks, float* out) {
            for (size_t i = 0; i < blocks; ++i) decode(data + i * kBytes, out + i * kValues);
          }};
}

constexpr Format formats[] = {
    format<1, 4, blocks::f32>("F32"),
    format<1, 2, blocks::f16>("F16"),
    format<1, 2, blocks::bf16>("BF16"),
    format<32, 34, blocks::q8_0>("Q8_0"),
    format<32, 18, blocks::q4_0>("Q4_0"),
    format<32, 20, blocks::q4_1>("Q4_1"),
    format<32, 22, blocks::q5_0>("Q5_0"),
    format<32, 24, blocks::q5_1>("Q5_1"),
    format<256, 84, blocks::q2_k>("Q2_K"),
    format<256, 110, blocks::q3_k>("Q3_K"),
    format<256, 144, blocks::scaled_nibbles<false>>("Q4_K"),
    format<256, 176, blocks::scaled_nibbles<true>>("Q5_K"),
    format<256, 210, blocks::q6_k>("Q6_K"),
    format<32, 18, blocks::iq4_nl>("IQ4_NL"),
    format<256, 136, blocks::iq4_xs>("IQ4_XS"),
};

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
  std::string names;
  for (const Format& format : formats) names += (names.empty() ? "" : ", ") + std::string(format.name);
  throw Error::wrong_argument("dequantize", "type", "one of " + names, "'" + type + "'");
}

}  // namespace

void check_dequantize(const std::string& type, size_t bytes, size_t count) {
  checked_format(type, bytes, count);
}

void dequantize(const std::string& type, const uint8_t* data, size_t bytes, size_t count, float* out) {
  const Format& format = checked_format(type, bytes, count);
  format.expand(data, count / format.values, out);
}

}  // namespace selfjudge
