// Times attention in the shape of a training step.
#include <chrono>

#include "attention_cases.h"
#include "other_ops.h"

namespace selfjudge::test {

// Seconds and arithmetic rate of a training-shaped call; the operations are those of the maths on visible
// pairs.
void bench_attention() {
  std::vector<std::array<int, 2>> shape;
  for (int rows = 0; rows < 2048;) {
    const int prompt = int(shape.size());
    shape.push_back({64, -1});
    shape.push_back({96, prompt});
    shape.push_back({160, prompt});
    rows += 320;
  }
  const TestTree tree(shape);
  double pairs = 0;
  for (const sj_segment& s : tree.segments) pairs += double(s.length) * (s.depth + (s.length + 1) / 2.0);
  for (const int32_t dtype : {SJ_F32, SJ_BF16}) {
    const Inputs in = inputs({dtype, 9, 3, 64, 1.0}, tree.rows());
    const sj_tree view = tree.view();
    const Outputs out = run(in, tree);
    double best[2] = {1e9, 1e9};
    for (int repeat = 0; repeat < 30; repeat++) {
      const auto t0 = std::chrono::steady_clock::now();
      SJ_CALL(tree_attention, {in.q, in.k, in.v, out.o, out.lse}, {in.scale, in.window}, &view);
      const auto t1 = std::chrono::steady_clock::now();
      SJ_CALL(tree_attention_backward, {in.dout, in.q, in.k, in.v, out.o, out.lse, out.dq, out.dk, out.dv},
              {in.scale, in.window}, &view);
      const auto t2 = std::chrono::steady_clock::now();
      best[0] = std::min(best[0], std::chrono::duration<double>(t1 - t0).count());
      best[1] = std::min(best[1], std::chrono::duration<double>(t2 - t1).count());
    }
    const double work = 9 * 64 * pairs;
    std::printf(
        "attention rows %d %s: forward %.2f ms %.0f GFLOP/s, backward %.2f ms %.0f GFLOP/s (of 10 d), %.0f "
        "(of the 14 d run)\n",
        tree.rows(), dtype == SJ_F32 ? "float32" : "bf16", best[0] * 1e3, 4 * work / best[0] * 1e-9,
        best[1] * 1e3, 10 * work / best[1] * 1e-9, 14 * work / best[1] * 1e-9);
  }
}

}  // namespace selfjudge::test
