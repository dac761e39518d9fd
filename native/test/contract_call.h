// Native tests call kernels directly, past the core. What they pass goes through the op's contract here: a
// test whose call is none that can happen would show nothing.
#pragma once
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

#include "core/contracts.h"
#include "core/error.h"
#include "core/tensor.h"

namespace selfjudge::test {

// A number of a call, or a word where the contract has an enumeration.
struct Attribute {
  double number = 0;
  const char* word = nullptr;
  template <class T>
    requires std::is_arithmetic_v<T>
  Attribute(T number) : number(double(number)) {}
  Attribute(const char* word) : word(word) {}
};

struct Attributes : std::vector<Attribute> {
  Attributes(std::initializer_list<Attribute> list) : std::vector<Attribute>(list) {}
  Attributes(const std::vector<double>& numbers) : std::vector<Attribute>(numbers.begin(), numbers.end()) {}
};

// The place of `word` among `names`, words separated by spaces; -1: none of them.
inline double place_of(const char* names, const std::string& word) {
  std::istringstream all(names ? names : "");
  double place = 0;
  for (std::string name; all >> name; place++)
    if (name == word) return place;
  return -1;
}

// A call's numbers, and what its contract says against it: empty when inputs and numbers hold and the outputs
// are those that it would make.
struct CheckedCall {
  std::vector<double> numbers;
  std::string wrong;

  CheckedCall(sj_op op, const std::vector<sj_tensor>& tensors, const Attributes& attributes,
              const sj_tree* tree) {
    const Contract& contract = contract_of(op);
    const std::string name = std::string("[") + contract.op + "] ";
    if (tensors.size() != contract.n_tensors || attributes.size() != contract.n_numbers) {
      wrong = name + "call: expected " + std::to_string(contract.n_tensors) + " tensors and " +
              std::to_string(contract.n_numbers) + " numbers, received " + std::to_string(tensors.size()) +
              " and " + std::to_string(attributes.size());
      return;
    }
    Arguments arguments{};
    for (size_t i = 0; i < tensors.size(); i++) arguments.tensors[i] = tensors[i];
    for (size_t i = 0; i < attributes.size(); i++) {
      const Attribute& one = attributes[i];
      numbers.push_back(one.word ? place_of(contract.numbers[i].names, one.word) : one.number);
      arguments.numbers[i] = numbers.back();
    }
    try {
      check_call(op, arguments, tree);
    } catch (const Error& error) {
      wrong = error.what();
      return;
    }
    for (size_t i = 0; i < tensors.size(); i++) {
      if (contract.tensors[i].role != Role::Out) continue;
      const bool made = arguments.produced >> i & 1;
      const sj_tensor &expected = arguments.tensors[i], &given = tensors[i];
      if (made != (given.data != nullptr))
        wrong = name + contract.tensors[i].name + ": expected " + (made ? "a tensor" : "none") +
                ", received " + (made ? "none" : "one");
      else if (made && (expected.dtype != given.dtype || expected.layout != given.layout ||
                        shape_text(expected.dims, expected.rank) != shape_text(given.dims, given.rank)))
        wrong = name + contract.tensors[i].name + ": expected " + name_of_dtype(expected.dtype) + " " +
                shape_text(expected.dims, expected.rank) + ", received " + name_of_dtype(given.dtype) + " " +
                shape_text(given.dims, given.rank);
    }
  }
};

}  // namespace selfjudge::test
