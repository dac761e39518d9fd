#include "core/scan.h"

#include <bit>
#include <cstring>

namespace selfjudge {
namespace {

constexpr int kLanes = 8;
constexpr uint64_t kFactors[kLanes] = {0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9, 0x94d049bb133111eb,
                                       0xd6e8feb86659fd93, 0xff51afd7ed558ccd, 0xc4ceb9fe1a85ec53,
                                       0x87c37b91114253d5, 0x4cf5ad432745937f};

uint64_t mixed(uint64_t x) {  // the finaliser of MurmurHash3
  x = (x ^ x >> 33) * 0xff51afd7ed558ccd;
  x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53;
  return x ^ x >> 33;
}

// What all exponent bits of a value set means for a word that holds several: adding `one` to the exponents alone
// carries into the sign's place, which was cleared, and no further.
struct Exponents {
  uint64_t mask, one, sign;
};
constexpr Exponents kF32{0x7f8000007f800000, 0x0080000000800000, 0x8000000080000000};
constexpr Exponents kBf16{0x7f807f807f807f80, 0x0080008000800080, 0x8000800080008000};

// Word i goes to lane i % 8: lane = rotl((lane ^ word) * factor, 29). Each step is a bijection of lane and of word.
struct Lanes {
  uint64_t lanes[kLanes], carried[kLanes] = {};
  Lanes() { std::memcpy(lanes, kFactors, sizeof lanes); }
};

template <const Exponents& e>
void take(Lanes& state, const uint8_t* data, size_t blocks) {
  uint64_t lanes[kLanes], carried[kLanes];
  std::memcpy(lanes, state.lanes, sizeof lanes);
  std::memcpy(carried, state.carried, sizeof carried);
  for (size_t b = 0; b < blocks; b++, data += 8 * kLanes) {
    for (int i = 0; i < kLanes; i++) {
      uint64_t word;
      std::memcpy(&word, data + 8 * i, 8);
      lanes[i] = std::rotl((lanes[i] ^ word) * kFactors[i], 29);
      carried[i] |= (word & e.mask) + e.one;
    }
  }
  std::memcpy(state.lanes, lanes, sizeof lanes);
  std::memcpy(state.carried, carried, sizeof carried);
}

template <const Exponents& e>
Scan scan(const uint8_t* data, size_t bytes) {
  Lanes state;
  const size_t blocks = bytes / (8 * kLanes), rest = bytes % (8 * kLanes);
  take<e>(state, data, blocks);
  uint8_t last[8 * kLanes] = {};
  std::memcpy(last, data + bytes - rest, rest);
  if (rest > 0) take<e>(state, last, 1);
  uint64_t low = kFactors[0] ^ bytes, high = kFactors[1] ^ bytes, carried = 0;
  for (int i = 0; i < kLanes; i++) {
    low = mixed(low ^ state.lanes[i]);
    high = mixed(high + state.lanes[kLanes - 1 - i]);
    carried |= state.carried[i];
  }
  Scan result{low, high, -1};
  if ((carried & e.sign) == 0) return result;
  constexpr size_t width = &e == &kF32 ? 4 : 2;
  for (size_t i = 0; i < bytes / width; i++) {
    uint64_t value = 0;
    std::memcpy(&value, data + i * width, width);
    constexpr uint64_t exponent = &e == &kF32 ? 0x7f800000 : 0x7f80;
    if ((value & exponent) != exponent) continue;
    result.not_finite = static_cast<int64_t>(i);
    break;
  }
  return result;
}

}  // namespace

Scan scan_values(Scanned dtype, const void* values, size_t count) {
  const auto* data = static_cast<const uint8_t*>(values);
  return dtype == Scanned::F32 ? scan<kF32>(data, 4 * count) : scan<kBf16>(data, 2 * count);
}

}  // namespace selfjudge
