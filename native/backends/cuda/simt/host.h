#pragma once
// Host SIMT emulation: one fiber per CUDA thread, blocks run one after another in one host thread.
// Kernels use Context::launch, DYN_SMEM and SHARED (kernel.h) in place of <<<>>> and __shared__.
#include <algorithm>
#include <cmath>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <source_location>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include "fiber.h"
#include "race.h"
#include "types.h"

using std::max;
using std::min;
inline uint3 threadIdx, blockIdx;
inline dim3 blockDim, gridDim;
inline constexpr int warpSize = 32;

namespace simt {
using Loc = std::source_location;
struct Error : std::runtime_error {
  using runtime_error::runtime_error;
};

enum Order { Forward, Reverse, Random };
struct Options {
  Order order = Forward;  // which warp and lane runs first: the others lag as far as they can
  uint32_t seed = 1;
  bool async_late = true;  // cp.async copies at wait_group (true) or at issue (false)
  bool race = true;
  bool strict = true;  // also refuse what the hardware allows: barriers and masks that name
                       // threads which left the kernel, one barrier reached from two places
};
struct Stats {
  uint64_t switches = 0, collectives = 0, barriers = 0, ldsm = 0, ldsm_conflicts = 0, mma = 0;
};
inline Options opt;
inline Stats stats;

using Run = void (*)(void** arg, uint32_t mask);  // performs a warp collective for all lanes of mask
struct Copy {
  void* dst;
  const void* src;
  bool fill;
  unsigned bytes;
};
struct Lane {
  Context ctx;
  std::unique_ptr<char[]> stack;
  uint3 tid{};
  Run run = nullptr;  // the collective this lane waits in
  void* arg = nullptr;
  uint32_t mask = 0;
  bool aligned = false;
  Loc loc;  // last barrier or collective
  std::vector<Copy> copies;
  std::vector<size_t> groups;  // end index in copies of each committed group
};
struct Warp {
  uint32_t all = 0, ready = 0, waiting = 0, barrier = 0, done = 0;
  void* arg[32];
};
struct Block {
  std::vector<Lane> lanes;
  std::vector<Warp> warps;
  Context main;
  int cur = 0, live = 0, arrived = 0;
  int votes[2] = {};  // of __syncthreads_or, by the parity of the epoch
  uint32_t rnd = 1;
  std::vector<unsigned char> mem;
  unsigned char* smem = nullptr;
  size_t dyn_bytes = 0, static_used = 0;
  static constexpr size_t kStatic = 48 * 1024;
  std::vector<std::pair<const void*, size_t>> statics;
  Shadow shadow;
  std::exception_ptr error;
};
inline Block& the_block() {  // stacks are kept between launches
  static Block b;
  return b;
}
inline Block* B = nullptr;
inline std::function<void()>* body = nullptr;

inline std::string where(const Loc& l) {
  if (!l.line()) return "none";
  std::string f = l.file_name();
  return f.substr(f.rfind('/') + 1) + ":" + std::to_string(l.line());
}
inline bool same_place(const Loc& a, const Loc& b) {
  return a.line() == b.line() && a.column() == b.column() && !strcmp(a.file_name(), b.file_name());
}
// Ends the launch from inside a fiber. No unwinding: the compiler takes loads and stores, from which
// the race check may come here, for nothrow.
[[noreturn]] inline void fail(const std::string& what) {
  const Lane& l = B->lanes[B->cur];
  Error e(what + " [block " + std::to_string(blockIdx.x) + "," + std::to_string(blockIdx.y) + " thread " +
          std::to_string(B->cur) + ", last sync " + where(l.loc) + "]");
  B->error = std::make_exception_ptr(e);
  Context dead;
  switch_to(dead, B->main);
  __builtin_unreachable();
}
inline void touch(int tid, const void* p, size_t n, Shadow::Kind k) {
  if (!opt.race) return;
  int other = -1;
  if (const char* bad = B->shadow.access(tid, p, n, k, other))
    fail(std::string(bad) + ": threads " + std::to_string(tid) + " and " + std::to_string(other) +
         ", shared offset " + std::to_string((const unsigned char*)p - B->smem));
}

// ---- scheduler -------------------------------------------------------------------------------
inline int pick_lane(uint32_t ready) {
  if (opt.order == Forward) return __builtin_ctz(ready);
  if (opt.order == Reverse) return 31 - __builtin_clz(ready);
  int r = (B->rnd = B->rnd * 1664525u + 1013904223u) >> 27;
  uint32_t hi = ready >> r << r;
  return __builtin_ctz(hi ? hi : ready);
}
inline void enter(Context& from, int to) {
  if (&from == &B->lanes[to].ctx) return;
  stats.switches++;
  B->cur = to;
  threadIdx = B->lanes[to].tid;
  switch_to(from, B->lanes[to].ctx);
}
// Completes the collective of `tid` when every live lane of its mask waits in the same one.
inline bool try_complete(int tid) {
  int w = tid / 32;
  Warp& warp = B->warps[w];
  Lane& me = B->lanes[tid];
  uint32_t need = me.mask & warp.all & ~warp.done;
  if ((warp.waiting & need) != need) return false;
  if (opt.strict && (me.mask & warp.done)) fail("mask of a collective names lanes that left the kernel");
  for (uint32_t m = need; m; m &= m - 1) {
    int l = __builtin_ctz(m);
    Lane& o = B->lanes[w * 32 + l];
    if (o.run != me.run || o.mask != me.mask || (me.aligned && !same_place(o.loc, me.loc)))
      fail("lanes of a warp meet in different collectives: " + where(me.loc) + " and " + where(o.loc));
    warp.arg[l] = o.arg;
  }
  stats.collectives++;
  int was = std::exchange(B->cur, tid);  // tid is of another warp when its partners have just left
  me.run(warp.arg, need);
  B->cur = was;
  warp.waiting &= ~need;
  warp.ready |= need;
  return true;
}
inline bool release_block() {
  if (!B->arrived || B->arrived != B->live) return false;
  if (opt.strict && B->live != int(B->lanes.size()))
    fail("some threads left the kernel before __syncthreads");
  const Loc* first = nullptr;
  for (size_t i = 0; i < B->lanes.size(); i++) {
    if (!(B->warps[i / 32].barrier >> (i % 32) & 1)) continue;
    const Loc& l = B->lanes[i].loc;
    if (!first) first = &l;
    if (opt.strict && !same_place(l, *first))
      fail("threads meet in different __syncthreads: " + where(*first) + " and " + where(l));
  }
  for (Warp& w : B->warps) w.ready |= w.barrier, w.barrier = 0;
  B->arrived = 0;
  B->shadow.epoch++;
  B->votes[B->shadow.epoch & 1] = 0;
  stats.barriers++;
  return true;
}
// Leaves the current fiber for the next one that can run; back to the launcher when none is left.
inline void yield() {
  Context& from = B->lanes[B->cur].ctx;
  int n = B->warps.size(), w0 = B->cur / 32;
  if (uint32_t r = B->warps[w0].ready) return enter(from, w0 * 32 + pick_lane(r));
  for (int pass = 0; pass < 3; pass++) {
    int shift = opt.order == Random ? (B->rnd = B->rnd * 1664525u + 1013904223u) >> 8 : 0;
    for (int i = 0; i < n; i++) {
      int w = opt.order == Reverse ? n - 1 - i : (i + shift) % n;
      if (uint32_t r = B->warps[w].ready) return enter(from, w * 32 + pick_lane(r));
    }
    if (pass == 0) {  // lanes whose partners left the kernel
      for (int w = 0; w < n; w++)
        for (uint32_t m = B->warps[w].waiting; m; m &= m - 1)
          if (B->warps[w].waiting & (m & -m)) try_complete(w * 32 + __builtin_ctz(m));
    } else if (pass == 1 && !release_block())
      break;
  }
  if (B->live == 0) return switch_to(from, B->main);
  std::string s = "deadlock, divergent barrier or collective:";
  for (size_t i = 0, shown = 0; i < B->lanes.size() && shown < 4; i++) {
    const Warp& w = B->warps[i / 32];
    bool b = w.barrier >> (i % 32) & 1, c = w.waiting >> (i % 32) & 1;
    if ((b || c) && (i == 0 || where(B->lanes[i].loc) != where(B->lanes[i - 1].loc) || !shown))
      s += std::string(b ? " barrier " : " collective ") + where(B->lanes[i].loc), shown++;
  }
  fail(s);
}
inline void entry() {
  try {
    (*body)();
    Lane& l = B->lanes[B->cur];
    if (!l.copies.empty()) fail("kernel ends with cp.async still in flight");
    Warp& w = B->warps[B->cur / 32];
    w.ready &= ~(1u << B->cur % 32);
    w.done |= 1u << B->cur % 32;
    B->live--;
    yield();
  } catch (...) {
    B->error = std::current_exception();
  }
  Context dead;
  switch_to(dead, B->main);
}

// ---- collectives -----------------------------------------------------------------------------
// Each lane deposits a pointer to its argument; the last to arrive runs Op for all of them.
// Aligned instructions must be reached from the same place by all lanes.
template <class Op, bool Aligned = false, class Arg>
void collective(uint32_t mask, Arg& a, const Loc& loc) {
  Lane& l = B->lanes[B->cur];
  Warp& w = B->warps[B->cur / 32];
  uint32_t bit = 1u << B->cur % 32;
  l.loc = loc;
  if (!(mask & bit)) fail("lane is not in the mask of its own collective");
  l.run = [](void** p, uint32_t m) { Op::run((Arg**)p, m); };
  l.arg = &a, l.mask = mask, l.aligned = Aligned;
  w.waiting |= bit, w.ready &= ~bit;
  if (!try_complete(B->cur)) yield();
}
inline void block_barrier(const Loc& loc) {
  Lane& l = B->lanes[B->cur];
  Warp& w = B->warps[B->cur / 32];
  l.loc = loc;
  w.barrier |= 1u << B->cur % 32, w.ready &= ~(1u << B->cur % 32);
  B->arrived++;
  yield();
}

// ---- shared memory and launch ----------------------------------------------------------------
template <class T, class Tag>
T& shared(Tag) {  // one static array per declaration and instantiation
  static const char key = 0;
  for (auto& [k, at] : B->statics)
    if (k == &key) return *(T*)(B->smem + B->dyn_bytes + at);
  size_t at = (B->static_used + 15) & ~size_t(15);
  if (at + sizeof(T) > Block::kStatic) fail("more than 48 KB of static shared memory");
  B->static_used = at + sizeof(T);
  B->statics.push_back({&key, at});
  return *(T*)(B->smem + B->dyn_bytes + at);
}
template <class K, class... A>
void launch(K k, dim3 g, dim3 b, size_t dyn, A... a) {
  static std::mutex one_at_a_time;  // stream threads of several environments take turns
  std::lock_guard lock(one_at_a_time);
  B = &the_block();
  int n = b.x * b.y * b.z;
  if (n < 1 || n > 1024) throw Error("block size must be 1..1024");
  std::function<void()> fn = [&] { k(a...); };
  body = &fn, blockDim = b, gridDim = g;
  if (int(B->lanes.size()) != n) B->lanes.resize(n);
  B->dyn_bytes = (dyn + 127) & ~size_t(127);
  B->mem.resize(B->dyn_bytes + Block::kStatic + 128);
  B->smem = (unsigned char*)((uintptr_t(B->mem.data()) + 127) & ~uintptr_t(127));
  B->statics.clear(), B->static_used = 0, B->rnd = opt.seed;
  for (Lane& l : B->lanes)
    if (!l.stack) l.stack.reset(new char[kStack]);
  for (unsigned z = 0; z < g.z; z++)
    for (unsigned y = 0; y < g.y; y++)
      for (unsigned x = 0; x < g.x; x++) {
        blockIdx = {x, y, z};
        memset(B->smem, 0xff, B->dyn_bytes + Block::kStatic);  // NaN as float and bf16, -1 as int
        B->shadow.reset(B->smem, B->dyn_bytes + Block::kStatic, n);
        B->warps.assign((n + 31) / 32, Warp{});
        for (int i = 0; i < n; i++) {
          Lane& l = B->lanes[i];
          prepare(l.ctx, l.stack.get(), entry);
          memcpy(l.stack.get(), &kCanary, 8);
          l.tid = {i % b.x, i / b.x % b.y, i / (b.x * b.y)};
          l.loc = Loc(), l.copies.clear(), l.groups.clear();
          B->warps[i / 32].all |= 1u << i % 32;
        }
        for (Warp& w : B->warps) w.ready = w.all;
        B->live = n, B->arrived = 0, B->votes[0] = B->votes[1] = 0, B->error = nullptr;
        enter(B->main, opt.order == Reverse ? n - 1 : 0);
        if (B->error) std::rethrow_exception(B->error);
        for (Lane& l : B->lanes)
          if (memcmp(l.stack.get(), &kCanary, 8)) throw Error("fiber stack overflow");
      }
}
}  // namespace simt
#include "builtins.h"
