// Plain loops for any CPU, vectorised by the compiler for its baseline.
#include "kernels.h"
#include "panels.h"

#pragma GCC diagnostic ignored "-Wpsabi"
namespace selfjudge::cpu::portable {
namespace {

#include "lanes.inc"

// One row x 16 V columns of one panel.
template <int V, bool Bf16>
void tile(const Tile& t, int row, int panel) {
  const char* bytes = static_cast<const char*>(t.panel) + panel * t.panel_stride;
  const float* a = t.a + row * t.a_stride;
  float* c = t.c + row * t.c_stride + panel * kPanel;
  f16 acc[V] = {};
  if (t.accumulate)
    for (int j = 0; j < V; j++) acc[j] = (f16) * (const f16u*)(c + 16 * j);
  for (int64_t k = 0; k < t.k; k++)
    for (int j = 0; j < V; j++) {
      f16 w;
      if constexpr (Bf16) {
        const u16 pair = (u16) * (const u16u*)(bytes + k / 2 * 192 + 64 * j);
        w = (f16)(k & 1 ? pair & 0xffff0000 : pair << 16);
      } else {
        w = (f16) * (const f16u*)(bytes + k * 192 + 64 * j);
      }
      acc[j] += a[k] * w;
    }
  for (int j = 0; j < V; j++) *(f16u*)(c + 16 * j) = (f16u)acc[j];
}

template <bool Bf16>
void run(const Tile& t) {
  for (int p = 0; p < t.panels; p++)
    for (int row = 0; row < t.rows; row++) switch (p + 1 < t.panels ? 3 : t.last_vectors) {
        case 1:
          tile<1, Bf16>(t, row, p);
          break;
        case 2:
          tile<2, Bf16>(t, row, p);
          break;
        default:
          tile<3, Bf16>(t, row, p);
      }
}

}  // namespace

const Kernels table = {nullptr,       nullptr,    run<false>, run<true>,  widen,       narrow,
                       widen_panel,   interleave, transpose,  add_scaled, add_mul,     strip_sum,
                       strip_softmax, weights,    tally,      keep,       dropout_mask};

}  // namespace selfjudge::cpu::portable
