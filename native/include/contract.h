// What an op accepts and returns, as data. One table an op (ops/<op>.h); ONE interpreter
// (native/core/contracts.cpp) validates calls, infers output shapes and names what is wrong; generated tests
// and docs read the same tables.
//
// Shapes are space-separated symbols: "T K" binds T and K on first use and must match after that. "1" or any
// integer is literal; "@rows" is the value of the number `rows`; "..." matches any remaining leading dims and
// must match everywhere it appears. Symbols of absent optional tensors stay unbound.
#pragma once
#include <cstddef>
#include <cstdint>

#include "backend.h"

namespace selfjudge {

enum class Role : uint8_t {
  In,
  Optional,  // an input that may be absent
  InOut,     // read and written in place; the result is the same tensor
  InOutOptional,
  Out,  // allocated at enqueue
};

enum DTypeSet : uint8_t { F32 = 1 << SJ_F32, BF16 = 1 << SJ_BF16, I32 = 1 << SJ_I32, FLOATS = F32 | BF16 };

struct TensorSpec {
  const char* name;
  Role role;
  uint8_t dtypes;  // DTypeSet; for Out with `like` unset: exactly one bit
  const char* shape;
  const char* like = nullptr;  // same dtype as this tensor (inputs: must match; outputs: take it)
  bool panels = false;         // SJ_PANELS required (inputs) or produced (outputs)
  const char* when = nullptr;  // Out only: produced when this tensor is present or this number is not 0
};

struct NumberSpec {
  const char* name;
  double min, max;  // inclusive
  bool integer = false;
  const char* names = nullptr;  // of an attribute made by words()
};

// An attribute that is one of `names`, words separated by spaces: the number is the word's place, from 0. An
// enum beside the contract gives kernels the same places.
constexpr NumberSpec words(const char* name, const char* names) {
  int last = 0;
  for (const char* at = names; *at; ++at) last += *at == ' ';
  return {name, 0, double(last), true, names};
}

struct Contract {
  const char* op;
  const TensorSpec* tensors;
  size_t n_tensors;
  const NumberSpec* numbers;
  size_t n_numbers;
  bool tree = false;  // takes a tree; symbol T is its number of rows
  // Relations the tables cannot say (H % G == 0). Null or a sentence "expected ..., received ...".
  const char* (*relation)(const sj_call& call) = nullptr;
  // Work of a call for honest counters: floating-point operations of the maths as written.
  double (*flops)(const sj_call& call) = nullptr;
  // Bytes of tensor `slot` that a call moves at least, where `whole` (all of it once, twice for InOut) is
  // wrong; returns `whole` for the other slots. Null: right for all.
  double (*bytes)(const sj_call& call, int slot, double whole) = nullptr;
};

template <size_t A, size_t B>
constexpr Contract contract(const char* op, const TensorSpec (&t)[A], const NumberSpec (&n)[B]) {
  return {op, t, A, n, B};
}
template <size_t A>
constexpr Contract contract(const char* op, const TensorSpec (&t)[A]) {
  return {op, t, A, nullptr, 0};
}

constexpr Contract with_tree(Contract c) {
  c.tree = true;
  return c;
}

}  // namespace selfjudge
