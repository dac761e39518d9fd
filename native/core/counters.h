// What was asked of a device, op by op. Counted when a call is enqueued, on the JavaScript thread: a few
// additions.
#pragma once
#include <array>

#include "include/ops.h"

namespace selfjudge {

struct Work {
  double calls = 0;
  double flops = 0;  // floating-point operations of the maths as written; matrix products alone have any
  double bytes = 0;  // device memory the call must move at least

  void add(const Work& other) {
    calls += other.calls;
    flops += other.flops;
    bytes += other.bytes;
  }
};

using Counters = std::array<Work, SJ_OP_COUNT>;

}  // namespace selfjudge
