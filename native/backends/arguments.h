// Short forms to read a validated call. No vector types here: shared by every instruction set.
#pragma once
#include <cstddef>
#include <cstdint>

#include "../include/backend.h"

namespace selfjudge {

template <class T>
T* data(const sj_call& call, int slot) {
  return static_cast<T*>(call.tensors[slot].data);
}
inline bool present(const sj_call& call, int slot) { return call.tensors[slot].data != nullptr; }
inline bool is_bf16(const sj_call& call, int slot) { return call.tensors[slot].dtype == SJ_BF16; }
inline int64_t dim(const sj_call& call, int slot, int axis) { return call.tensors[slot].dims[axis]; }
inline int64_t elements(const sj_call& call, int slot) {
  const int64_t* dims = call.tensors[slot].dims;
  return dims[0] * dims[1] * dims[2];
}
// The place of an attribute that is a word of its contract.
inline int word(const sj_call& call, int number) { return static_cast<int>(call.numbers[number]); }
inline size_t element_bytes(const sj_call& call, int slot) { return is_bf16(call, slot) ? 2 : 4; }

inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
inline int64_t round_up(int64_t a, int64_t b) { return ceil_div(a, b) * b; }

// Hands out 64-byte aligned pieces of a workspace. With a null base it only counts, so that one function both
// measures a layout and places it.
class Carver {
 public:
  explicit Carver(void* base) : base_(static_cast<char*>(base)) {}
  template <class T>
  T* take(int64_t count) {
    char* piece = base_ ? base_ + bytes_ : nullptr;
    bytes_ += static_cast<size_t>(round_up(count * int64_t(sizeof(T)), 64));
    return reinterpret_cast<T*>(piece);
  }
  size_t bytes() const { return bytes_; }

 private:
  char* base_;
  size_t bytes_ = 0;
};

}  // namespace selfjudge
