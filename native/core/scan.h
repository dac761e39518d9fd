// One pass over a tensor's values as a file gave them, at once or by pieces.
#pragma once
#include <cstddef>
#include <cstdint>

namespace selfjudge {

enum class Scanned : uint32_t { F32, BF16 };

// What a scan has seen. Plain bytes: callers keep it as such between pieces.
struct ScanState {
  uint64_t lanes[8];
  uint64_t bytes;
  int64_t not_finite;  // the first value that is NaN or infinite; -1: none
  uint8_t rest[128];   // the last bytes % 128 of them
  Scanned dtype;
  uint32_t unused;
};

ScanState scan_begin(Scanned dtype);
void scan_values(ScanState& state, const void* values, size_t count);

struct ScanHash {
  // 128 bits over all bytes, to tell whether contents changed; no proof against intent.
  uint64_t low, high;
};
ScanHash scan_hash(const ScanState& state);

}  // namespace selfjudge
