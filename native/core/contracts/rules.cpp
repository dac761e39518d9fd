#include "core/contracts/rules.h"

#include <algorithm>
#include <cctype>
#include <sstream>
#include <stdexcept>

#include "core/contracts/relations.h"

namespace selfjudge {
namespace {

int find_number(const Contract& contract, const std::string& name) {
  for (size_t i = 0; i < contract.n_numbers; ++i) {
    if (name == contract.numbers[i].name) return static_cast<int>(i);
  }
  return -1;
}

int find_tensor(const Contract& contract, const std::string& name) {
  for (size_t i = 0; i < contract.n_tensors; ++i) {
    if (name == contract.tensors[i].name) return static_cast<int>(i);
  }
  return -1;
}

int resolve(int index, const Contract& contract, const std::string& name) {
  if (index < 0) throw std::logic_error(std::string("contract ") + contract.op + " names an unknown " + name);
  return index;
}

int symbol_index(OpRules& rules, const std::string& name) {
  const auto found = std::find(rules.symbols.begin(), rules.symbols.end(), name);
  if (found != rules.symbols.end()) return static_cast<int>(found - rules.symbols.begin());
  rules.symbols.push_back(name);
  return static_cast<int>(rules.symbols.size()) - 1;
}

Dim parse_dim(OpRules& rules, const std::string& word) {
  if (word == "...") return {Dim::Rest};
  if (word[0] == '@')
    return {Dim::Number, resolve(find_number(rules.contract, word.substr(1)), rules.contract, word)};
  if (std::isdigit(static_cast<unsigned char>(word[0]))) return {Dim::Literal, 0, std::stoll(word)};
  return {Dim::Symbol, symbol_index(rules, word)};
}

OpRules compile(sj_op op, const Contract& contract) {
  OpRules rules{contract, {}, {}};
  rules.contract.relation = relation_of(op);
  rules.contract.flops = flops_of(op);
  rules.contract.bytes = bytes_of(op);
  if (contract.n_tensors > kMaxTensors || contract.n_numbers > kMaxNumbers) {
    throw std::logic_error(std::string("contract ") + contract.op + " has too many tensors or numbers");
  }
  if (contract.tree) rules.tree_symbol = symbol_index(rules, "T");
  for (size_t i = 0; i < contract.n_tensors; ++i) {
    const TensorSpec& spec = contract.tensors[i];
    TensorRule rule;
    std::istringstream words(spec.shape);
    for (std::string word; words >> word;) rule.dims.push_back(parse_dim(rules, word));
    rule.has_rest = rule.dims.front().kind == Dim::Rest;
    if (spec.like) rule.like = resolve(find_tensor(contract, spec.like), contract, spec.like);
    if (spec.when) {
      rule.when_tensor = find_tensor(contract, spec.when);
      if (rule.when_tensor < 0)
        rule.when_number = resolve(find_number(contract, spec.when), contract, spec.when);
    }
    rules.tensors.push_back(std::move(rule));
  }
  return rules;
}

}  // namespace

const OpRules& rules_of(sj_op op) {
  static const std::vector<OpRules> all = [] {
    std::vector<OpRules> rules;
#define SJ_COMPILE(stem) rules.push_back(compile(SJ_OP_##stem, ops::stem::spec));
    SJ_OPS(SJ_COMPILE)
#undef SJ_COMPILE
    return rules;
  }();
  return all[op];
}

}  // namespace selfjudge
