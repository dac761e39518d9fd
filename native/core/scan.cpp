#include "core/scan.h"

#include <algorithm>
#include <cstring>

namespace selfjudge {
namespace {

constexpr int kLanes = 8;
constexpr size_t kBlock = 16 * kLanes;
constexpr uint64_t kSecrets[kLanes] = {0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9, 0x94d049bb133111eb,
                                       0xd6e8feb86659fd93, 0xff51afd7ed558ccd, 0xc4ceb9fe1a85ec53,
                                       0x87c37b91114253d5, 0x4cf5ad432745937f};

uint64_t folded(uint64_t a, uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

// Pair i of words goes to lane i % 8: lane = folded(first ^ secret, second ^ lane), the step of wyhash.
void hash(uint64_t* state, const uint8_t* data, size_t blocks) {
  uint64_t lanes[kLanes];
  std::memcpy(lanes, state, sizeof lanes);
  for (size_t b = 0; b < blocks; b++, data += kBlock) {
    for (int i = 0; i < kLanes; i++) {
      uint64_t words[2];
      std::memcpy(words, data + 16 * i, 16);
      lanes[i] = folded(words[0] ^ kSecrets[i], words[1] ^ lanes[i]);
    }
  }
  std::memcpy(state, lanes, sizeof lanes);
}

// A value is not finite where all exponent bits are set. Adding one to the exponents of a word's values, all
// else cleared, carries then into the place of the sign, and no further.
template <class Value>
struct Exponents;
template <>
struct Exponents<uint32_t> {
  static constexpr uint64_t mask = 0x7f8000007f800000, one = 0x0080000000800000, sign = 0x8000000080000000;
};
template <>
struct Exponents<uint16_t> {
  static constexpr uint64_t mask = 0x7f807f807f807f80, one = 0x0080008000800080, sign = 0x8000800080008000;
};

template <class Value>
bool all_finite(const uint8_t* data, size_t bytes) {
  using E = Exponents<Value>;
  uint64_t carried = 0;
  for (size_t at = 0; at < bytes; at += 8) {
    uint64_t word;
    std::memcpy(&word, data + at, 8);
    carried |= (word & E::mask) + E::one;
  }
  return (carried & E::sign) == 0;
}

template <class Value>
int64_t first_not_finite(const uint8_t* data, size_t bytes) {
  constexpr auto exponent = static_cast<Value>(Exponents<Value>::mask);
  for (size_t i = 0; i < bytes / sizeof(Value); i++) {
    Value value;
    std::memcpy(&value, data + i * sizeof(Value), sizeof(Value));
    if ((value & exponent) == exponent) return static_cast<int64_t>(i);
  }
  return -1;
}

template <class Value>
void scan(ScanState& state, const uint8_t* data, size_t bytes) {
  constexpr size_t kPiece = 64 * kBlock;  // stays in the first cache from the one pass to the other
  const uint8_t* const begin = data;
  const size_t size = bytes, before = static_cast<size_t>(state.bytes / sizeof(Value));
  bool finite = true;
  if (const size_t held = state.bytes % kBlock) {
    const size_t taken = std::min(kBlock - held, bytes);
    std::memcpy(state.rest + held, data, taken);
    std::memset(state.rest + held + taken, 0, kBlock - held - taken);
    finite &= all_finite<Value>(state.rest, kBlock);
    if (held + taken == kBlock) hash(state.lanes, state.rest, 1);
    data += taken;
    bytes -= taken;
  }
  const size_t whole = bytes / kBlock * kBlock;
  for (size_t at = 0; at < whole; at += kPiece) {
    const size_t piece = std::min(kPiece, whole - at);
    hash(state.lanes, data + at, piece / kBlock);
    finite &= all_finite<Value>(data + at, piece);
  }
  if (whole < bytes) {
    std::memset(state.rest, 0, kBlock);
    std::memcpy(state.rest, data + whole, bytes - whole);
    finite &= all_finite<Value>(state.rest, kBlock);
  }
  state.bytes += size;
  if (finite || state.not_finite >= 0) return;
  const int64_t first = first_not_finite<Value>(begin, size);
  if (first >= 0) state.not_finite = static_cast<int64_t>(before) + first;
}

}  // namespace

ScanState scan_begin(Scanned dtype) {
  ScanState state{};
  std::memcpy(state.lanes, kSecrets, sizeof state.lanes);
  state.not_finite = -1;
  state.dtype = dtype;
  return state;
}

void scan_values(ScanState& state, const void* values, size_t count) {
  const auto* data = static_cast<const uint8_t*>(values);
  state.dtype == Scanned::F32 ? scan<uint32_t>(state, data, 4 * count)
                              : scan<uint16_t>(state, data, 2 * count);
}

ScanHash scan_hash(const ScanState& state) {
  uint64_t lanes[kLanes];
  std::memcpy(lanes, state.lanes, sizeof lanes);
  if (state.bytes % kBlock) hash(lanes, state.rest, 1);
  uint64_t low = state.bytes, high = ~state.bytes;
  for (int i = 0; i < kLanes; i++) {
    low = folded(low ^ kSecrets[i], lanes[i] ^ kSecrets[(i + 1) % kLanes]);
    high = folded(high ^ kSecrets[(i + 3) % kLanes], lanes[kLanes - 1 - i] ^ kSecrets[(i + 5) % kLanes]);
  }
  return {low, high};
}

}  // namespace selfjudge
