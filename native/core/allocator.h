// A caching allocator over a backend's memory. Blocks come in size classes, 16 to a doubling (at most 6%
// over).
//
// It runs on the JavaScript thread, at enqueue: a block that is returned may be handed out again at once,
// because one stream runs commands in order, so whoever used the block before is done before the next user
// starts. Returning a block to the BACKEND needs more: either the stream has drained, or the block is freed
// by a command of its own.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "include/backend.h"

namespace selfjudge {

struct Block {
  void* data = nullptr;
  size_t bytes = 0;      // of the block: the size class
  size_t requested = 0;  // of what lives in it
  bool fresh = false;    // never used by a command: the host may write it directly
};

struct MemoryCounters {
  size_t live = 0, cached = 0, peak = 0, packed = 0;
};

class Allocator {
 public:
  // `drain` waits until no queued command can touch a cached block; `free_in_order` frees a block once every
  // command queued so far has run. `poison`, where there is one, overwrites a block in the order of commands:
  // every block that is new or given back goes through it.
  Allocator(const sj_backend& backend, std::function<void()> drain, std::function<void(Block)> free_in_order,
            std::function<void(Block)> poison);
  ~Allocator();  // the stream must have stopped
  Allocator(const Allocator&) = delete;
  Allocator& operator=(const Allocator&) = delete;

  // Throws Error::out_of_memory with the table of memory, after giving the cache back and trying again.
  Block allocate(size_t bytes, const char* where);
  // The block may be reused by whatever is enqueued from now on.
  void release(const Block& block);
  void count_packed(size_t bytes, bool live);
  // For tests: the allocation that many from now on (1: the next) is refused; 0: none.
  void fail_after(int64_t allocations) { failing_ = allocations; }

  const MemoryCounters& counters() const { return counters_; }
  void reset_peak() { counters_.peak = counters_.live; }
  // Gives every cached block back. The stream must have drained or stopped.
  void free_cached();

 private:
  void trim(size_t bytes, size_t requested);

  const sj_backend& backend_;
  std::function<void()> drain_;
  std::function<void(Block)> free_in_order_, poison_;
  std::vector<std::vector<void*>> cache_;  // by size class
  MemoryCounters counters_;
  size_t reserved_ = 0;  // bytes of the backend's, in blocks that live or are cached
  int64_t failing_ = 0;
};

}  // namespace selfjudge
