#pragma once
#include <cstddef>
#include <functional>

// Runs `work(0)` to `work(threads - 1)`, each on a thread of its own, and waits for all.
void on_threads(int threads, const std::function<void(int)>& work);

struct Reading {
  double seconds;  // of a pass
  size_t bytes;    // read in a pass, as many as were asked for or a little more
};
constexpr size_t kMostBytes = size_t(512) << 20;
// Reads the same bytes over and over with all threads, each its part: from memory, or from the cache that
// holds as many.
Reading read_ceiling(int threads, size_t bytes);

// bf16 operations a second on registers, by all threads; 0 where nothing is known of the processor.
double register_ceiling(int threads);
