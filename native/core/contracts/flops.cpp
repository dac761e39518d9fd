#include <algorithm>

#include "core/contracts/relations.h"

namespace selfjudge {
namespace {

const sj_tensor& tensor(const sj_call& call, int slot) { return call.tensors[slot]; }
bool present(const sj_call& call, int slot) { return call.tensors[slot].data != nullptr; }
double product(const sj_tensor& t) {
  return static_cast<double>(t.dims[0]) * static_cast<double>(t.dims[1]) * static_cast<double>(t.dims[2]);
}

double linear(const sj_call& call) {
  using namespace ops::linear;
  const double rows = static_cast<double>(tensor(call, X).dims[0]);
  double flops = 2 * rows * product(tensor(call, W));
  if (present(call, A0))
    flops += 2 * call.numbers[ROWS0] * (product(tensor(call, A0)) + product(tensor(call, B0)));
  if (present(call, A1))
    flops += 2 * call.numbers[ROWS1] * (product(tensor(call, A1)) + product(tensor(call, B1)));
  return flops;
}

double linear_group(const sj_call& call) {
  using namespace ops::linear_group;
  double values = 0;  // of weights and adapters: each is multiplied by each row once
  for (int slot = W0; slot < Y0; slot++)
    if (present(call, slot) && (slot - W0) % kSlots != BIAS0 - W0) values += product(tensor(call, slot));
  return 2 * static_cast<double>(tensor(call, X).dims[0]) * values;
}

// The parts of one adapter: dy B where something needs it, its product with A for dx, and the two gradients.
double adapter_backward(const sj_call& call, int a, int b, int grad_a, int grad_b, double rows,
                        bool need_dx) {
  if (!present(call, a)) return 0;
  const double a_product = 2 * rows * product(tensor(call, a)),
               b_product = 2 * rows * product(tensor(call, b));
  const bool trains_a = present(call, grad_a);
  return (need_dx || trains_a ? b_product : 0) + (need_dx ? a_product : 0) + (trains_a ? a_product : 0) +
         (present(call, grad_b) ? b_product : 0);
}

double linear_backward(const sj_call& call) {
  using namespace ops::linear_backward;
  const bool need_dx = call.numbers[NEED_DX] != 0;
  const double full = 2 * static_cast<double>(tensor(call, DY).dims[0]) * product(tensor(call, W));
  return (need_dx ? full : 0) + (present(call, GRAD_W) ? full : 0) +
         adapter_backward(call, A0, B0, GRAD_A0, GRAD_B0, call.numbers[ROWS0], need_dx) +
         adapter_backward(call, A1, B1, GRAD_A1, GRAD_B1, call.numbers[ROWS1], need_dx);
}

// Pairs of a row and a key it sees: a row at depth i sees i + 1, or as many as the window holds.
double visible_pairs(const sj_tree& tree, double window) {
  const double most = ops::most_seen(window);
  double pairs = 0;
  for (int s = 0; s < tree.n_segments; ++s) {
    const double length = tree.segments[s].length, depth = tree.segments[s].depth;
    const double whole = std::clamp(most - depth, 0.0, length);  // rows that see their whole path
    pairs += whole * depth + whole * (whole + 1) / 2 + (length - whole) * most;
  }
  return pairs;
}

double attention(const sj_call& call) {
  using namespace ops::tree_attention;
  const sj_tensor& q = tensor(call, Q);
  return 4 * visible_pairs(*call.tree, call.numbers[WINDOW]) * static_cast<double>(q.dims[1] * q.dims[2]);
}

double attention_pool(const sj_call& call) {
  using namespace ops::tree_attention_pool;
  const sj_tensor& q = tensor(call, Q);
  return 4 * call.numbers[PAIRS] * static_cast<double>(q.dims[1] * q.dims[2]);
}

double attention_backward(const sj_call& call) {
  using namespace ops::tree_attention_backward;
  const sj_tensor& q = tensor(call, Q);
  return 10 * visible_pairs(*call.tree, call.numbers[WINDOW]) * static_cast<double>(q.dims[1] * q.dims[2]);
}

double logprob(const sj_call& call) {
  using namespace ops::linear_logprob;
  return 2 * static_cast<double>(tensor(call, H).dims[0]) * product(tensor(call, W));
}

double logprob_expectation(const sj_call& call) { return 2 * logprob(call); }

double logprob_backward(const sj_call& call) {
  using namespace ops::linear_logprob_backward;
  const double full = 2 * static_cast<double>(tensor(call, H).dims[0]) * product(tensor(call, W));
  return full * (1 + (call.numbers[NEED_DH] != 0) + present(call, GRAD_W));
}

double sample(const sj_call& call) {
  using namespace ops::linear_sample;
  return 2 * static_cast<double>(tensor(call, H).dims[0]) * product(tensor(call, W));
}

}  // namespace

Flops flops_of(sj_op op) {
  switch (op) {
    case SJ_OP_linear:
      return linear;
    case SJ_OP_linear_group:
      return linear_group;
    case SJ_OP_linear_backward:
      return linear_backward;
    case SJ_OP_tree_attention:
      return attention;
    case SJ_OP_tree_attention_pool:
      return attention_pool;
    case SJ_OP_tree_attention_backward:
      return attention_backward;
    case SJ_OP_linear_logprob:
      return logprob;
    case SJ_OP_linear_logprob_backward:
      return logprob_backward;
    case SJ_OP_linear_logprob_expectation:
      return logprob_expectation;
    case SJ_OP_linear_sample:
      return sample;
    default:
      return nullptr;
  }
}

}  // namespace selfjudge
