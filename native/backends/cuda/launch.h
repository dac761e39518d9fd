// What the host side of every op needs: the call's arguments, the context to launch on, the storage type.
#pragma once
#include <cstdint>

#include "../arguments.h"
#include "context.h"

namespace selfjudge::cuda {

// f(T{}) with the storage type of a tensor: float or bf16.
template <class F>
auto with_float_type(const sj_call& call, int slot, F&& f) {
  return is_bf16(call, slot) ? f(bf16{}) : f(float{});
}

inline unsigned blocks_for(int64_t work, int64_t per_block) { return unsigned(ceil_div(work, per_block)); }

}  // namespace selfjudge::cuda
