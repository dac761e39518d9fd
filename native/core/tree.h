// A validated prefix tree of rows: the plan that tree attention walks. Immutable; commands share it.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "include/backend.h"

namespace selfjudge {

class Tree {
 public:
  // `triples` is flat (start, length, parent). Parents come first (-1: a root), segments cover the rows
  // contiguously in order, lengths are at least 1. Throws Error::wrong_argument naming the segment.
  static std::shared_ptr<const Tree> from(const int32_t* triples, size_t count);

  sj_tree view() const {
    return {sizeof(sj_tree), rows_, static_cast<int32_t>(segments_.size()), segments_.data()};
  }
  int32_t rows() const { return rows_; }

 private:
  std::vector<sj_segment> segments_;
  int32_t rows_ = 0;
};

}  // namespace selfjudge
