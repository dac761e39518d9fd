#include "core/contracts.h"

#include <cmath>
#include <cstdio>
#include <sstream>
#include <string_view>

#include "core/contracts/rules.h"
#include "core/error.h"
#include "core/tensor.h"

namespace selfjudge {
namespace {

std::string number_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.10g", value);
  return text;
}

// "a b" -> "a (0), b (1)"
std::string list_text(const char* names) {
  std::string text;
  int place = 0;
  std::istringstream all(names);
  for (std::string word; all >> word; ++place)
    text += (place ? ", " : "") + word + " (" + std::to_string(place) + ")";
  return text;
}

// One call being checked: the symbols bound so far.
class Checker {
 public:
  Checker(const OpRules& rules, Arguments& arguments)
      : rules_(rules), contract_(rules.contract), arguments_(arguments) {
    for (int64_t& value : symbols_) value = -1;
  }

  void check(const sj_tree* tree) {
    if (contract_.tree) symbols_[rules_.tree_symbol] = tree->rows;
    for (size_t i = 0; i < contract_.n_numbers; ++i) check_number(i);
    for (size_t i = 0; i < contract_.n_tensors; ++i) {
      if (contract_.tensors[i].role != Role::Out) check_input(i);
    }
    for (size_t i = 0; i < contract_.n_tensors; ++i) {
      if (contract_.tensors[i].role != Role::Out) check_alias(i);
    }
  }

  void infer_outputs() {
    arguments_.produced = 0;
    for (size_t i = 0; i < contract_.n_tensors; ++i) {
      if (contract_.tensors[i].role != Role::Out) continue;
      arguments_.tensors[i] = absent();
      if (!produced(rules_.tensors[i])) continue;
      infer(i);
      arguments_.produced |= 1u << i;
    }
  }

  [[noreturn]] void fail(const char* argument, std::string expected, std::string received) const {
    throw Error::wrong_argument(contract_.op, argument, std::move(expected), std::move(received));
  }

 private:
  void check_number(size_t i) const {
    const NumberSpec& spec = contract_.numbers[i];
    const double value = arguments_.numbers[i];
    const bool whole = !spec.integer || std::floor(value) == value;
    if (value >= spec.min && value <= spec.max && whole) return;
    if (spec.names) fail(spec.name, "one of " + list_text(spec.names), number_text(value));
    fail(spec.name,
         std::string(spec.integer ? "an integer" : "a number") + " in [" + number_text(spec.min) + ", " +
             number_text(spec.max) + "]",
         number_text(value));
  }

  void check_input(size_t i) {
    const TensorSpec& spec = contract_.tensors[i];
    const sj_tensor& tensor = arguments_.tensors[i];
    if (!tensor.data) {
      if (spec.role == Role::In || spec.role == Role::InOut) fail(spec.name, "a tensor", "null");
      return;
    }
    check_dtype(i);
    const int32_t layout = spec.panels ? SJ_PANELS : SJ_ROWS;
    if (tensor.layout != layout) {
      fail(spec.name, std::string("layout ") + (spec.panels ? "panels" : "rows"),
           spec.panels ? "rows" : "panels");
    }
    check_shape(i);
  }

  void check_dtype(size_t i) const {
    const TensorSpec& spec = contract_.tensors[i];
    const int32_t dtype = arguments_.tensors[i].dtype;
    const int like = rules_.tensors[i].like;
    if (like >= 0) {
      const int32_t wanted = arguments_.tensors[like].dtype;
      if (dtype == wanted) return;
      fail(spec.name, std::string("dtype ") + name_of_dtype(wanted) + " (as " + spec.like + ")",
           name_of_dtype(dtype));
    }
    if (spec.dtypes & (1 << dtype)) return;
    std::string expected;
    for (int d = SJ_F32; d <= SJ_I32; ++d) {
      if (spec.dtypes & (1 << d))
        expected += (expected.empty() ? "dtype " : " or ") + std::string(name_of_dtype(d));
    }
    fail(spec.name, expected, name_of_dtype(dtype));
  }

  // Symbols are bound only when the whole shape matches, so the error shows what was known before this
  // tensor.
  void check_shape(size_t i) {
    const TensorRule& rule = rules_.tensors[i];
    const sj_tensor& tensor = arguments_.tensors[i];
    const int named = static_cast<int>(rule.dims.size()) - rule.has_rest;
    const int leading = tensor.rank - named;
    bool matches = rule.has_rest ? leading >= 0 : leading == 0;
    if (matches && rule.has_rest && rest_rank_ >= 0) {
      matches = leading == rest_rank_;
      for (int axis = 0; matches && axis < leading; ++axis) matches = tensor.dims[axis] == rest_[axis];
    }
    int64_t bound[kMaxRank];
    for (int j = 0; matches && j < named; ++j) {
      const Dim& dim = rule.dims[j + rule.has_rest];
      const int64_t size = tensor.dims[leading + j];
      int64_t wanted = value_of(dim);
      // A symbol may appear twice in one shape.
      for (int before = 0; wanted < 0 && before < j; ++before) {
        if (rule.dims[before + rule.has_rest].index == dim.index) wanted = bound[before];
      }
      bound[j] = size;
      matches = wanted < 0 || wanted == size;
    }
    if (!matches) {
      fail(contract_.tensors[i].name, "shape " + expected_shape(rule), shape_text(tensor.dims, tensor.rank));
    }
    for (int j = 0; j < named; ++j) {
      const Dim& dim = rule.dims[j + rule.has_rest];
      if (dim.kind == Dim::Symbol) symbols_[dim.index] = bound[j];
    }
    if (rule.has_rest && rest_rank_ < 0) {
      rest_rank_ = leading;
      for (int axis = 0; axis < leading; ++axis) rest_[axis] = tensor.dims[axis];
    }
  }

  // -1: not known yet.
  int64_t value_of(const Dim& dim) const {
    switch (dim.kind) {
      case Dim::Literal:
        return dim.value;
      case Dim::Number:
        return static_cast<int64_t>(arguments_.numbers[dim.index]);
      case Dim::Symbol:
        return symbols_[dim.index];
      case Dim::Rest:
        break;
    }
    return -1;
  }

  std::string expected_shape(const TensorRule& rule) const {
    std::string text = "[";
    for (const Dim& dim : rule.dims) {
      if (text.size() > 1) text += ", ";
      const int64_t value = value_of(dim);
      if (dim.kind == Dim::Rest) {
        if (rest_rank_ < 0) text += "...";
        for (int axis = 0; axis < rest_rank_; ++axis)
          text += (axis ? ", " : "") + std::to_string(rest_[axis]);
      } else if (dim.kind == Dim::Literal) {
        text += std::to_string(value);
      } else {
        text += dim.kind == Dim::Number ? contract_.numbers[dim.index].name : rules_.symbols[dim.index];
        if (value >= 0) text += " = " + std::to_string(value);
      }
    }
    return text + "]";
  }

  // What an op writes must not overlap anything else it reads or writes. Ranges, not storages: the views of
  // one flat gradient tensor are apart.
  void check_alias(size_t i) const {
    const TensorSpec& spec = contract_.tensors[i];
    if (spec.role != Role::InOut && spec.role != Role::InOutOptional) return;
    const sj_tensor& written = arguments_.tensors[i];
    if (!written.data) return;
    const char* begin = static_cast<const char*>(written.data);
    for (size_t j = 0; j < contract_.n_tensors; ++j) {
      if (j == i || contract_.tensors[j].role == Role::Out || !arguments_.tensors[j].data) continue;
      const char* other = static_cast<const char*>(arguments_.tensors[j].data);
      if (begin < other + span(arguments_.tensors[j]) && other < begin + span(written)) {
        fail(spec.name, std::string("memory of its own (it is written in place)"),
             std::string("memory shared with ") + contract_.tensors[j].name);
      }
    }
  }

  // Panels are never viewed, so any overlap with them starts within their rows' bytes.
  static size_t span(const sj_tensor& tensor) { return row_bytes(tensor); }

  bool produced(const TensorRule& rule) const {
    if (rule.when_tensor >= 0) return arguments_.tensors[rule.when_tensor].data != nullptr;
    return rule.when_number < 0 || arguments_.numbers[rule.when_number] != 0;
  }

  void infer(size_t i) {
    const TensorSpec& spec = contract_.tensors[i];
    const TensorRule& rule = rules_.tensors[i];
    sj_tensor& tensor = arguments_.tensors[i];
    tensor.dtype = rule.like >= 0        ? arguments_.tensors[rule.like].dtype
                   : spec.dtypes == F32  ? SJ_F32
                   : spec.dtypes == BF16 ? SJ_BF16
                                         : SJ_I32;
    tensor.layout = spec.panels ? SJ_PANELS : SJ_ROWS;
    tensor.rank = 0;
    for (const Dim& dim : rule.dims) {
      if (dim.kind == Dim::Rest) {
        for (int axis = 0; axis < rest_rank_; ++axis) tensor.dims[tensor.rank++] = rest_[axis];
      } else {
        tensor.dims[tensor.rank++] = value_of(dim);
      }
    }
  }

  const OpRules& rules_;
  const Contract& contract_;
  Arguments& arguments_;
  int64_t symbols_[kMaxTensors * kMaxRank];
  int64_t rest_[kMaxRank];
  int rest_rank_ = -1;
};

// "argument: expected X, received Y" -> the three parts.
[[noreturn]] void throw_relation(const char* op, std::string_view text) {
  constexpr std::string_view expected = ": expected ", received = ", received ";
  const size_t e = text.find(expected), r = text.rfind(received);
  throw Error::wrong_argument(op, std::string(text.substr(0, e)),
                              std::string(text.substr(e + expected.size(), r - e - expected.size())),
                              std::string(text.substr(r + received.size())));
}

}  // namespace

const Contract& contract_of(sj_op op) { return rules_of(op).contract; }

size_t row_bytes(const sj_tensor& tensor) {
  return static_cast<size_t>(elements_of(tensor)) * size_of(tensor.dtype);
}

sj_call make_call(sj_op op, const Arguments& arguments, const sj_tree* tree) {
  const Contract& contract = contract_of(op);
  return {sizeof(sj_call),
          op,
          arguments.tensors,
          static_cast<uint32_t>(contract.n_tensors),
          arguments.numbers,
          static_cast<uint32_t>(contract.n_numbers),
          tree,
          nullptr,
          0,
          nullptr};
}

void check_call(sj_op op, Arguments& arguments, const sj_tree* tree) {
  const OpRules& rules = rules_of(op);
  Checker checker(rules, arguments);
  if (rules.contract.tree && !tree) checker.fail("tree", "a tree", "null");
  if (!rules.contract.tree && tree) checker.fail("tree", "null", "a tree");
  checker.check(tree);
  if (rules.contract.relation) {
    const sj_call call = make_call(op, arguments, tree);
    if (const char* text = rules.contract.relation(call)) throw_relation(rules.contract.op, text);
  }
  checker.infer_outputs();
}

}  // namespace selfjudge
