#include "core/contracts/relations.h"

#include <cinttypes>
#include <cstdio>

namespace selfjudge {
namespace {

// The sentence of a broken relation.
template <class... Values>
const char* broken(const char* format, Values... values) {
  thread_local char text[256];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

bool present(const sj_call& call, int slot) { return call.tensors[slot].data != nullptr; }
int64_t dim(const sj_call& call, int slot, int axis) { return call.tensors[slot].dims[axis]; }
long long show(double integer) { return static_cast<long long>(integer); }

const char* heads(const sj_call& call, int q, int k) {
  const int64_t query = dim(call, q, 1), key = dim(call, k, 1);
  if (query % key == 0) return nullptr;
  return broken("k: expected a number of heads that divides H = %" PRId64 ", received G = %" PRId64, query,
                key);
}

const char* tree_attention(const sj_call& call) {
  return heads(call, ops::tree_attention::Q, ops::tree_attention::K);
}

const char* tree_attention_backward(const sj_call& call) {
  return heads(call, ops::tree_attention_backward::Q, ops::tree_attention_backward::K);
}

// pool_k is [B, G d, 64], pool_v is [B, G 64, d]: the G and d they were made with.
const char* pool(const sj_call& call, int pool_k, int pool_v, int64_t groups, int64_t head_dim) {
  if (dim(call, pool_k, 1) != groups * head_dim) {
    return broken("pool_k: expected Gd = G * d = %" PRId64 " * %" PRId64 ", received Gd = %" PRId64, groups,
                  head_dim, dim(call, pool_k, 1));
  }
  if (dim(call, pool_v, 1) != groups * 64) {
    return broken("pool_v: expected G64 = G * 64 = %" PRId64 ", received G64 = %" PRId64, groups * 64,
                  dim(call, pool_v, 1));
  }
  return nullptr;
}

// A rotation turns pairs of the first r of a head's d values.
const char* rotation(const sj_call& call, int table, int x) {
  const int64_t rotated = dim(call, table, 1), depth = dim(call, x, 2);
  if (rotated % 2 == 0 && rotated <= depth) return nullptr;
  return broken("table: expected an even r of at most d = %" PRId64 ", received r = %" PRId64, depth,
                rotated);
}

const char* kv_write(const sj_call& call) {
  using namespace ops::kv_write;
  if (present(call, TABLE) != present(call, POSITIONS))
    return present(call, TABLE) ? "positions: expected a tensor, as there is a table, received none"
                                : "table: expected a tensor, as there are positions, received none";
  if (present(call, Q) && !present(call, TABLE))
    return "table: expected a tensor, as there is a q to rotate, received none";
  if (present(call, TABLE))
    if (const char* text = rotation(call, TABLE, K)) return text;
  return pool(call, POOL_K, POOL_V, dim(call, K, 1), dim(call, K, 2));
}

// The number of key heads is only in the pool here.
const char* pool_alone(const sj_call& call, int pool_k, int pool_v) {
  const int64_t packed = dim(call, pool_v, 1), head_dim = dim(call, pool_v, 2);
  if (packed % 64 != 0) {
    return broken("pool_v: expected G64 a multiple of 64, received G64 = %" PRId64, packed);
  }
  return pool(call, pool_k, pool_v, packed / 64, head_dim);
}

const char* kv_copy(const sj_call& call) {
  return pool_alone(call, ops::kv_copy::POOL_K, ops::kv_copy::POOL_V);
}

const char* tree_attention_pool(const sj_call& call) {
  using namespace ops::tree_attention_pool;
  if (const char* text = pool_alone(call, POOL_K, POOL_V)) return text;
  const int64_t query = dim(call, Q, 1), key = dim(call, POOL_V, 1) / 64;
  if (query % key == 0) return nullptr;
  return broken("pool_k: expected a number of key heads that divides H = %" PRId64 ", received G = %" PRId64,
                query, key);
}

const char* rope(const sj_call& call) { return rotation(call, ops::rope::TABLE, ops::rope::X); }

// Slots and numbers of one adapter; xa < 0: not an input of this op.
struct AdapterSlots {
  int index, a, b, xa, start, rows, p;
};

const char* adapter(const sj_call& call, const AdapterSlots& s, int x, int row_keys) {
  const bool given = present(call, s.a);
  if (given != present(call, s.b)) {
    return broken("%s%d: expected a%d and b%d together, received %s%d alone", given ? "b" : "a", s.index,
                  s.index, s.index, given ? "a" : "b", s.index);
  }
  if (s.xa >= 0 && given != present(call, s.xa)) {
    return broken("xa%d: expected %s, received %s", s.index,
                  given ? "a tensor, as a is given" : "null, as a is absent", given ? "null" : "a tensor");
  }
  const double start = call.numbers[s.start], rows = call.numbers[s.rows], total = dim(call, x, 0);
  if (!given) {
    return rows == 0
               ? nullptr
               : broken("rows%d: expected 0, as a%d is absent, received %lld", s.index, s.index, show(rows));
  }
  if (rows < 1) return broken("rows%d: expected at least 1, received %lld", s.index, show(rows));
  if (start + rows > total) {
    return broken("rows%d: expected start%d + rows%d <= T = %lld, received %lld + %lld", s.index, s.index,
                  s.index, show(total), show(start), show(rows));
  }
  if (call.numbers[s.p] > 0 && !present(call, row_keys)) {
    return broken("row_keys: expected a tensor, as p%d > 0, received null", s.index);
  }
  return nullptr;
}

const char* linear(const sj_call& call) {
  using namespace ops::linear;
  if (static_cast<int>(call.numbers[ACTIVATION]) != ops::SILU && !present(call, GATE))
    return "activation: expected silu, as gate is absent, received gelu_tanh";
  if (const char* text = adapter(call, {0, A0, B0, -1, START0, ROWS0, P0}, X, ROW_KEYS)) return text;
  return adapter(call, {1, A1, B1, -1, START1, ROWS1, P1}, X, ROW_KEYS);
}

const char* linear_group(const sj_call& call) {
  using namespace ops::linear_group;
  for (int i = 0; i < kParts; i++) {
    const int w = W0 + i * kSlots;
    for (int j = 0; j < 2; j++) {
      const int a = w + (A00 - W0) + 2 * j;
      const bool given = present(call, a);
      if (given != present(call, a + 1))
        return broken("%s%d%d: expected a%d%d and b%d%d together, received %s%d%d alone", given ? "b" : "a",
                      i, j, i, j, i, j, given ? "a" : "b", i, j);
      if (given && !present(call, w))
        return broken("a%d%d: expected null, as w%d is absent, received a tensor", i, j, i);
    }
    if (present(call, w + (BIAS0 - W0)) && !present(call, w))
      return broken("bias%d: expected null, as w%d is absent, received a tensor", i, i);
  }
  return nullptr;
}

const char* linear_backward(const sj_call& call) {
  using namespace ops::linear_backward;
  if (const char* text = adapter(call, {0, A0, B0, XA0, START0, ROWS0, P0}, DY, ROW_KEYS)) return text;
  if (const char* text = adapter(call, {1, A1, B1, XA1, START1, ROWS1, P1}, DY, ROW_KEYS)) return text;
  struct {
    int grad, parameter;
    const char *name, *owner;
  } const pairs[] = {{GRAD_A0, A0, "grad_a0", "a0"},
                     {GRAD_B0, A0, "grad_b0", "a0"},
                     {GRAD_A1, A1, "grad_a1", "a1"},
                     {GRAD_B1, A1, "grad_b1", "a1"}};
  for (const auto& pair : pairs) {
    if (present(call, pair.grad) && !present(call, pair.parameter)) {
      return broken("%s: expected null, as %s is absent, received a tensor", pair.name, pair.owner);
    }
  }
  if (!present(call, X) && (present(call, GRAD_W) || present(call, GRAD_A0) || present(call, GRAD_A1))) {
    return broken("x: expected a tensor, as the gradient of w or a is asked for, received null");
  }
  return nullptr;
}

const char* linear_sample(const sj_call& call) {
  using namespace ops::linear_sample;
  if (dim(call, H, 0) > 128) {
    return broken("h: expected at most 128 rows a call, received R = %" PRId64, dim(call, H, 0));
  }
  if (!(call.numbers[TOP_P] > 0)) return broken("top_p: expected a number in (0, 1], received 0");
  return nullptr;
}

}  // namespace

Relation relation_of(sj_op op) {
  switch (op) {
    case SJ_OP_tree_attention:
      return tree_attention;
    case SJ_OP_tree_attention_backward:
      return tree_attention_backward;
    case SJ_OP_tree_attention_pool:
      return tree_attention_pool;
    case SJ_OP_kv_write:
      return kv_write;
    case SJ_OP_kv_copy:
      return kv_copy;
    case SJ_OP_rope:
      return rope;
    case SJ_OP_linear:
      return linear;
    case SJ_OP_linear_group:
      return linear_group;
    case SJ_OP_linear_backward:
      return linear_backward;
    case SJ_OP_linear_sample:
      return linear_sample;
    default:
      return nullptr;
  }
}

}  // namespace selfjudge
