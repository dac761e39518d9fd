// Inputs and outputs of a forward and backward attention call, for the tests and the timing.
#pragma once
#include "attention_reference.h"

namespace selfjudge::test {

struct Case {
  int32_t dtype;
  int64_t heads, key_heads, d;
  double size;  // of q: how large the logits are
  double window = 0;
};

struct Inputs {
  Tensor q, k, v, dout;
  double scale, window;
};
struct Outputs {
  Tensor o, lse, dq, dk, dv;
};

inline Inputs inputs(const Case& c, int64_t rows) {
  return {random(c.dtype, {rows, c.heads, c.d}, 1, c.size),
          random(c.dtype, {rows, c.key_heads, c.d}, 2),
          random(c.dtype, {rows, c.key_heads, c.d}, 3),
          random(c.dtype, {rows, c.heads, c.d}, 4),
          1 / std::sqrt(double(c.d)),
          c.window};
}

inline Outputs run(const Inputs& in, const TestTree& tree) {
  const sj_tree view = tree.view();
  const int32_t dtype = in.q.view.dtype;
  const int64_t rows = in.q.view.dims[0], heads = in.q.view.dims[1], key_heads = in.k.view.dims[1],
                d = in.q.view.dims[2];
  Outputs out{{dtype, {rows, heads, d}},
              {SJ_F32, {rows, heads}},
              {dtype, {rows, heads, d}},
              {dtype, {rows, key_heads, d}},
              {dtype, {rows, key_heads, d}}};
  SJ_CHECK(SJ_CALL(tree_attention, {in.q, in.k, in.v, out.o, out.lse}, {in.scale, in.window}, &view) == SJ_OK,
           "forward");
  SJ_CHECK(
      SJ_CALL(tree_attention_backward, {in.dout, in.q, in.k, in.v, out.o, out.lse, out.dq, out.dk, out.dv},
              {in.scale, in.window}, &view) == SJ_OK,
      "backward");
  return out;
}

}  // namespace selfjudge::test
