// Host memory for blocks of the CPU backend.
#pragma once
#include <cstddef>

namespace selfjudge::cpu {

// 64-byte aligned; null when there is no more. What is released goes back to the system at once.
void* allocate(size_t bytes);
void release(void* data, size_t bytes);

}  // namespace selfjudge::cpu
