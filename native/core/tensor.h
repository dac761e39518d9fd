// Sizes and names of what sj_tensor describes.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

#include "include/backend.h"

namespace selfjudge {

inline constexpr int kMaxRank = 3;

inline size_t size_of(int32_t dtype) { return dtype == SJ_BF16 ? 2 : 4; }

inline const char* name_of_dtype(int32_t dtype) {
  return dtype == SJ_F32 ? "float32" : dtype == SJ_BF16 ? "bf16" : "int32";
}

inline int64_t elements_of(const sj_tensor& tensor) {
  return tensor.dims[0] * tensor.dims[1] * tensor.dims[2];
}

inline std::string shape_text(const int64_t* dims, int rank) {
  std::string text = "[";
  for (int i = 0; i < rank; ++i) text += (i ? ", " : "") + std::to_string(dims[i]);
  return text + "]";
}

inline sj_tensor describe(int32_t dtype, int32_t layout, const int64_t* dims, int rank) {
  sj_tensor tensor{sizeof(sj_tensor), dtype, layout, rank, {1, 1, 1}, nullptr};
  for (int i = 0; i < rank; ++i) tensor.dims[i] = dims[i];
  return tensor;
}

// An absent optional tensor.
inline sj_tensor absent() { return {sizeof(sj_tensor), SJ_F32, SJ_ROWS, 1, {1, 1, 1}, nullptr}; }

}  // namespace selfjudge
