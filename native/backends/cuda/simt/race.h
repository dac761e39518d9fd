#pragma once
// Shadow state for one block's shared memory: data races, reads before any write, access to a
// cp.async destination still in flight. ldmatrix and cp.async report here always; plain C++ accesses
// only when the kernel file is compiled with -fsanitize=thread and linked with simt/tsan_hooks.cc.
#include <cstdint>
#include <cstring>
#include <vector>

namespace simt {
// When: order of accesses. Threads of one warp are ordered by __syncwarp (vector clock of lanes),
// threads of different warps only by __syncthreads (epoch).
struct When {
  int32_t tid = -1;
  uint32_t epoch = 0, clock = 0;
};
struct Cell {
  When write, read, read_other;
  uint8_t pending = 0;
};  // read_other: from a second warp

struct Shadow {
  static constexpr int kGrain = 2;  // bytes per cell: two threads may own the halves of a word
  const unsigned char* base = nullptr;
  size_t bytes = 0;
  uint32_t epoch = 0;
  std::vector<Cell> cells;
  std::vector<uint32_t> clock;  // [threads][32]

  void reset(const unsigned char* b, size_t n, int threads) {
    base = b, bytes = n, epoch = 0;
    cells.assign(n / kGrain + 1, Cell{});
    clock.assign(size_t(threads) * 32, 0);
    for (int t = 0; t < threads; t++) clock[t * 32 + t % 32] = 1;
  }
  bool inside(const void* p) const { return size_t((const unsigned char*)p - base) < bytes; }

  void sync_lanes(int warp, uint32_t mask) {
    uint32_t join[32] = {};
    for (int l = 0; l < 32; l++)
      if (mask >> l & 1)
        for (int i = 0; i < 32; i++) join[i] = std::max(join[i], clock[(warp * 32 + l) * 32 + i]);
    for (int l = 0; l < 32; l++)
      if (mask >> l & 1) {
        uint32_t* own = &clock[(warp * 32 + l) * 32];
        memcpy(own, join, sizeof join);
        own[l]++;
      }
  }
  bool ordered(const When& w, int tid) const {
    if (w.tid < 0 || w.tid == tid || w.epoch != epoch) return true;
    return w.tid / 32 == tid / 32 && w.clock <= clock[tid * 32 + w.tid % 32];
  }
  enum Kind { Read, Write, AsyncIssue, AsyncDone };

  // Returns a description of the violation or null; `other` is the thread it collides with.
  const char* access(int tid, const void* p, size_t n, Kind kind, int& other) {
    size_t at = (const unsigned char*)p - base;
    if (at >= bytes || n > bytes - at) return nullptr;
    When now{tid, epoch, clock[tid * 32 + tid % 32]};
    const char* bad = nullptr;
    for (size_t i = at / kGrain; i <= (at + n - 1) / kGrain; i++) {
      Cell& c = cells[i];
      auto hit = [&](const When& w, const char* what) {
        if (!bad && !ordered(w, tid)) bad = what, other = w.tid;
      };
      if (kind == AsyncDone) {
        c.pending = 0;
        c.write = now;
        continue;
      }
      if (c.pending) {
        bad = "access to a cp.async destination before its wait_group";
        other = c.write.tid;
      }
      if (kind == Read) {
        if (c.write.tid < 0) {
          bad = "read of shared memory nobody wrote";
          other = tid;
        }
        hit(c.write, "read races with a write");
        if (c.read.tid >= 0 && c.read.tid / 32 != tid / 32) c.read_other = c.read;
        c.read = now;
      } else {
        hit(c.write, "write races with a write");
        hit(c.read, "write races with a read");
        hit(c.read_other, "write races with a read");
        c.write = now;
        if (kind == AsyncIssue) c.pending = 1;
      }
    }
    return bad;
  }
};
}  // namespace simt
