// What the peer is asked for: a prepared piece of work, run any number of times.
#pragma once
#include <oneapi/dnnl/dnnl.hpp>
#include <cstdint>
#include <functional>
#include <vector>

struct Shape {
  int64_t m, n, k;
};

// One call of the work, with what both sides must agree on, and the memory it takes over inputs and outputs.
struct Work {
  std::function<void()> call;
  double checksum = 0, extra_bytes = 0;
  int threads = 0;
};

// y = x W^T, bf16 in and out.
Work matmul(const dnnl::engine&, dnnl::stream&, Shape);
// Log-probabilities of one label a row: float32 logits, log-softmax over them, the label's value.
Work head(const dnnl::engine&, dnnl::stream&, Shape);
