// Host memory for blocks of the CPU backend.
#pragma once
#include <cstddef>

namespace selfjudge::cpu {

// 64-byte aligned; null when there is no more. What is released goes back to the system at once.
void* allocate(size_t bytes);
void release(void* data, size_t bytes);

// Asks for large pages under a block that is about to be written and then read as a whole again and again.
void expect_reads(void* data, size_t bytes);

}  // namespace selfjudge::cpu
