// The contract tables in a form that is quick to check: shape strings split into dims, names resolved to
// indices.
#pragma once
#include <string>
#include <vector>

#include "core/contracts.h"

namespace selfjudge {

struct Dim {
  enum Kind : uint8_t { Symbol, Literal, Number, Rest } kind;
  int index = 0;      // of the symbol or the number
  int64_t value = 0;  // of the literal
};

struct TensorRule {
  std::vector<Dim> dims;
  bool has_rest = false;  // "..." comes first
  int like = -1;          // tensor whose dtype this one has
  int when_tensor = -1, when_number = -1;
};

struct OpRules {
  Contract contract;
  std::vector<TensorRule> tensors;
  std::vector<std::string> symbols;
  int tree_symbol = -1;  // T of an op that takes a tree
};

const OpRules& rules_of(sj_op op);

}  // namespace selfjudge
