#include "core/tree.h"

#include <string>

#include "core/error.h"

namespace selfjudge {

std::shared_ptr<const Tree> Tree::from(const int32_t* triples, size_t count) {
  const auto wrong = [](const std::string& argument, const std::string& expected, int64_t received) {
    return Error::wrong_argument("tree", argument, expected, std::to_string(received));
  };
  if (count == 0 || count % 3 != 0) {
    throw wrong("segments", "a non-empty multiple of 3 values (start, length, parent)",
                static_cast<int64_t>(count));
  }
  auto tree = std::make_shared<Tree>();
  tree->segments_.reserve(count / 3);
  int64_t rows = 0;
  for (size_t s = 0; s < count / 3; ++s) {
    const int32_t start = triples[3 * s], length = triples[3 * s + 1], parent = triples[3 * s + 2];
    const std::string segment = "segments[" + std::to_string(s) + "]";
    if (start != rows) {
      throw wrong(segment + ".start", std::to_string(rows) + " (segments cover the rows in order)", start);
    }
    if (length < 1) throw wrong(segment + ".length", "at least 1", length);
    if (parent < -1 || parent >= static_cast<int64_t>(s)) {
      throw wrong(segment + ".parent", "-1 or an earlier segment, at most " + std::to_string(int64_t(s) - 1),
                  parent);
    }
    rows += length;
    if (rows > INT32_MAX) throw wrong(segment + ".length", "at most 2147483647 rows in all", rows);
    const int32_t depth = parent < 0 ? 0 : tree->segments_[parent].depth + tree->segments_[parent].length;
    tree->segments_.push_back({start, length, parent, depth});
  }
  tree->rows_ = static_cast<int32_t>(rows);
  return tree;
}

}  // namespace selfjudge
