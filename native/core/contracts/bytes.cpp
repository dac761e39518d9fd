// The least bytes of device memory that an op moves, where its contract's roles do not say: rows picked out
// of a larger tensor, and tensors in place that are written without being read.
#include <algorithm>

#include "core/contracts/relations.h"
#include "core/tensor.h"

namespace selfjudge {
namespace {

const sj_tensor& tensor(const sj_call& call, int slot) { return call.tensors[slot]; }
double rows(const sj_call& call, int slot) { return static_cast<double>(tensor(call, slot).dims[0]); }

// `count` rows of a matrix. Which ones is data, so a row named twice counts twice.
double picked(const sj_call& call, int slot, double count) {
  const sj_tensor& t = tensor(call, slot);
  return count * static_cast<double>(t.dims[1] * t.dims[2]) * static_cast<double>(size_of(t.dtype));
}

// Keys (or values) of one token in a pool [B, G d, 64] and [B, G 64, d]: G d elements.
double pooled(const sj_call& call, int pool_k, double keys) {
  const sj_tensor& k = tensor(call, pool_k);
  return keys * static_cast<double>(k.dims[1]) * static_cast<double>(size_of(k.dtype));
}

double embedding(const sj_call& call, int slot, double whole) {
  using namespace ops::embedding;
  return slot == TABLE ? picked(call, TABLE, rows(call, IDS)) : whole;
}

double embedding_backward(const sj_call& call, int slot, double whole) {
  using namespace ops::embedding_backward;
  return slot == GRAD ? 2 * picked(call, GRAD, rows(call, IDS)) : whole;
}

double gather_rows(const sj_call& call, int slot, double whole) {
  using namespace ops::gather_rows;
  return slot == X ? picked(call, X, rows(call, ROWS)) : whole;
}

// Rows at the same position read the same angles, and the table may be longer than any path.
double angles(const sj_call& call, int table, int positions, double whole) {
  return std::min(whole, picked(call, table, rows(call, positions)));
}

// The part of heads [T, H, d] that a table [P, r] rotates.
double rotated(const sj_call& call, int table, int heads, double whole) {
  return whole * static_cast<double>(tensor(call, table).dims[1]) /
         static_cast<double>(tensor(call, heads).dims[2]);
}

double rope(const sj_call& call, int slot, double whole) {
  using namespace ops::rope;
  if (slot == X) return rotated(call, TABLE, X, whole);
  return slot == TABLE ? angles(call, TABLE, POSITIONS, whole) : whole;
}

double kv_write(const sj_call& call, int slot, double whole) {
  using namespace ops::kv_write;
  if (slot == TABLE) return angles(call, TABLE, POSITIONS, whole);
  if (slot == Q) return rotated(call, TABLE, Q, whole);
  return slot == POOL_K || slot == POOL_V ? pooled(call, POOL_K, rows(call, K)) : whole;
}

double kv_copy(const sj_call& call, int slot, double whole) {
  using namespace ops::kv_copy;
  return slot == POOL_K || slot == POOL_V ? 2 * pooled(call, POOL_K, call.numbers[KEYS]) : whole;
}

double attention_pool(const sj_call& call, int slot, double whole) {
  using namespace ops::tree_attention_pool;
  return slot == POOL_K || slot == POOL_V ? pooled(call, POOL_K, call.numbers[KEYS]) : whole;
}

// In place, and nothing of what was there is read.
template <int Written>
double overwritten(const sj_call&, int slot, double whole) {
  return slot == Written ? whole / 2 : whole;
}

}  // namespace

Bytes bytes_of(sj_op op) {
  switch (op) {
    case SJ_OP_embedding:
      return embedding;
    case SJ_OP_embedding_backward:
      return embedding_backward;
    case SJ_OP_gather_rows:
      return gather_rows;
    case SJ_OP_rope:
      return rope;
    case SJ_OP_kv_write:
      return kv_write;
    case SJ_OP_kv_copy:
      return kv_copy;
    case SJ_OP_tree_attention_pool:
      return attention_pool;
    case SJ_OP_fill:
      return overwritten<ops::fill::X>;
    case SJ_OP_copy:
      return overwritten<ops::copy::Y>;
    case SJ_OP_pack:
      return overwritten<ops::pack::PANELS>;
    default:
      return nullptr;
  }
}

}  // namespace selfjudge
