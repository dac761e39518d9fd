// One pass over a tensor's values as a file gave them.
#pragma once
#include <cstddef>
#include <cstdint>

namespace selfjudge {

struct Scan {
  // A 128-bit hash of the bytes, to tell whether contents changed; no proof against intent.
  uint64_t low, high;
  // The first value that is NaN or infinite; -1: none.
  int64_t not_finite;
};

enum class Scanned { F32, BF16 };

Scan scan_values(Scanned dtype, const void* values, size_t count);

}  // namespace selfjudge
