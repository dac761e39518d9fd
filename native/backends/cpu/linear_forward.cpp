#include "linear_forward.h"

#include "swiglu.h"
#include "thread_pool.h"

namespace selfjudge::cpu {

LinearMemory::LinearMemory(const LinearPart* parts, int count, int64_t rows, int64_t depth, void* memory)
    : s(memory) {
  bool drops = false;
  for (int p = 0; p < count; p++) {
    const int64_t columns = parts[p].w.dims[0];
    for (int i = 0; i < kAdapters; i++) {
      const Adapter& adapter = parts[p].adapters[i];
      const int64_t rank = adapter.active() ? adapter.rank : 0;
      b_panels[p][i] = s.take<float>(panel_count(columns) * kPanel * rank);
      own_xa[p][i] = s.take<float>(parts[p].keeps_xa ? 0 : rows * rank);
      drops |= adapter.drop() != nullptr;
    }
    bias[p] = s.take<float>(parts[p].bias.data ? columns : 0);
  }
  dropped = s.take<float>(projection_memory(drops, depth));
  scratch = s.take<float>(matmul_scratch(depth));
  low_rank = s.take<float>(worker_count() * kLowRankMemory);
}

void linear_forward(const sj_tensor& x, const LinearPart* parts, int count, const LinearMemory& memory,
                    const sj_tensor* next_weight) {
  const int64_t rows = x.dims[0], depth = x.dims[1];
  Projection projections[kTogether * kAdapters];
  ScaledPanels panels[kTogether * kAdapters];
  int active = 0;
  for (int p = 0; p < count; p++)
    for (int i = 0; i < kAdapters; i++) {
      const Adapter& adapter = parts[p].adapters[i];
      if (!adapter.active()) continue;
      projections[active] = {.x = {x.data, x.dtype, depth, adapter.start, adapter.drop()},
                             .rows = adapter.rows,
                             .depth = depth,
                             .right = adapter.a,
                             .rank = adapter.rank,
                             .out = memory.xa(parts[p], p, i),
                             .dropped = memory.dropped};
      panels[active++] = {adapter.b, parts[p].w.dims[0], adapter.rank, adapter.scale, memory.b_panels[p][i]};
    }
  run_low_rank(projections, panels, active);

  Product products[kTogether];
  for (int p = 0; p < count; p++) {
    const LinearPart& part = parts[p];
    const int64_t columns = part.w.dims[0];
    const bool has_bias = part.bias.data != nullptr;
    if (has_bias) Rows{part.bias.data, part.bias.dtype, columns}.read(0, columns, memory.bias[p], nullptr);
    const bool plain = !has_bias && !part.adapters[0].active() && !part.adapters[1].active();
    const bool in_place = plain && columns % 16 == 0;
    products[p] = {
        {.a = {x.data, x.dtype, depth},
         .b = weight_panels(part.w),
         .rows = rows,
         .k = depth,
         .columns = columns,
         .c = in_place && part.y.dtype == SJ_F32 ? static_cast<float*>(part.y.data) : nullptr,
         .c16 = in_place && part.y.dtype == SJ_BF16 ? static_cast<uint16_t*>(part.y.data) : nullptr,
         .c_stride = columns,
         .next = next_weight}};
    if (in_place) continue;
    products[p].epilogue = [&memory, &part, p, columns, has_bias](const Block& c) {
      if (has_bias)
        for (int64_t r = 0; r < c.rows; r++)
          kernels().add_scaled(memory.bias[p] + c.column, 1, c.c + r * c.c_stride, c.columns);
      for (int i = 0; i < kAdapters; i++)
        if (part.adapters[i].active())
          add_low_rank(part.adapters[i], c, memory.xa(part, p, i), memory.b_panels[p][i], false,
                       memory.low_rank + c.worker * kLowRankMemory);
      store_block(c, part.y, columns);
    };
  }
  matmul_together(products, count, memory.scratch);
  // Not in the epilogue: there it is slower by 2 to 8%, by the number of rows (decision 010).
  for (int p = 0; p < count; p++)
    if (const LinearPart& part = parts[p]; part.gate.data)
      swiglu(part.y.dtype, part.activation, part.gate.data, part.y.data, part.y.data, rows * part.w.dims[0]);
}

}  // namespace selfjudge::cpu
