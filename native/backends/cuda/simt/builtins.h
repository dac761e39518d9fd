#pragma once
// CUDA built-in functions on top of the shim's collectives. Included by simt_host.h.
namespace simt {
inline constexpr uint32_t kFull = 0xffffffffu;

struct OpSync {
  static void run(int**, uint32_t mask) { B->shadow.sync_lanes(B->cur / 32, mask); }
};

template <class T>
struct ShflArg {
  T value, result;
  int source;
};
template <class T>
struct OpShfl {
  static void run(ShflArg<T>** a, uint32_t mask) {
    for (uint32_t m = mask; m; m &= m - 1) {
      int l = __builtin_ctz(m), s = a[l]->source;
      if (!(mask >> s & 1)) fail("shuffle reads lane " + std::to_string(s) + ", which takes no part");
      a[l]->result = a[s]->value;
    }
  }
};
// `source` within the segment of `width` lanes; out of the segment means the lane's own value.
template <class T>
T shfl(uint32_t mask, T v, int source, int width, const Loc& loc) {
  int lane = B->cur % 32, base = lane & ~(width - 1);
  ShflArg<T> a{v, v, source < base || source >= base + width ? lane : source};
  collective<OpShfl<T>>(mask, a, loc);
  return a.result;
}
struct VoteArg {
  bool pred;
  uint32_t result;
};
struct OpBallot {
  static void run(VoteArg** a, uint32_t mask) {
    uint32_t r = 0;
    for (uint32_t m = mask; m; m &= m - 1) r |= uint32_t(a[__builtin_ctz(m)]->pred) << __builtin_ctz(m);
    for (uint32_t m = mask; m; m &= m - 1) a[__builtin_ctz(m)]->result = r;
  }
};
template <class T, class F>
struct ReduceArg {
  T value;
};
template <class T, class F>
struct OpReduce {
  static void run(ReduceArg<T, F>** a, uint32_t mask) {
    T r = a[__builtin_ctz(mask)]->value;
    for (uint32_t m = mask & (mask - 1); m; m &= m - 1) r = F{}(r, a[__builtin_ctz(m)]->value);
    for (uint32_t m = mask; m; m &= m - 1) a[__builtin_ctz(m)]->value = r;
  }
};
template <class F, class T>
T reduce(uint32_t mask, T v, const Loc& loc) {
  ReduceArg<T, F> a{v};
  collective<OpReduce<T, F>>(mask, a, loc);
  return a.value;
}
struct Max {
  template <class T>
  T operator()(T a, T b) const {
    return a < b ? b : a;
  }
};
struct Min {
  template <class T>
  T operator()(T a, T b) const {
    return b < a ? b : a;
  }
};
#define SIMT_LOC simt::Loc loc = simt::Loc::current()
}  // namespace simt

inline void __syncthreads(SIMT_LOC) { simt::block_barrier(loc); }
inline void __syncwarp(unsigned mask = simt::kFull, SIMT_LOC) {
  int a = 0;
  simt::collective<simt::OpSync>(mask, a, loc);
}
inline unsigned __activemask() {
  return simt::B->warps[simt::B->cur / 32].all & ~simt::B->warps[simt::B->cur / 32].done;
}

// Barrier, then the disjunction of all threads' predicates: votes of one barrier and the next lie in turn in
// two words.
inline int __syncthreads_or(int predicate, SIMT_LOC) {
  if (predicate) simt::B->votes[simt::B->shadow.epoch & 1] = 1;
  simt::block_barrier(loc);
  return simt::B->votes[(simt::B->shadow.epoch & 1) ^ 1];
}
inline int __ffs(int x) { return __builtin_ffs(x); }
inline int __popc(unsigned x) { return __builtin_popcount(x); }
template <class T>
T __shfl_sync(unsigned m, T v, int s, int w = 32, SIMT_LOC) {
  return simt::shfl(m, v, (simt::B->cur & 31 & ~(w - 1)) | (s & (w - 1)), w, loc);
}
template <class T>
T __shfl_xor_sync(unsigned m, T v, int o, int w = 32, SIMT_LOC) {
  return simt::shfl(m, v, (simt::B->cur & 31) ^ o, w, loc);
}
template <class T>
T __shfl_down_sync(unsigned m, T v, int o, int w = 32, SIMT_LOC) {
  return simt::shfl(m, v, (simt::B->cur & 31) + o, w, loc);
}
template <class T>
T __shfl_up_sync(unsigned m, T v, int o, int w = 32, SIMT_LOC) {
  return simt::shfl(m, v, (simt::B->cur & 31) - o, w, loc);
}
inline unsigned __ballot_sync(unsigned m, int p, SIMT_LOC) {
  simt::VoteArg a{p != 0, 0};
  simt::collective<simt::OpBallot>(m, a, loc);
  return a.result;
}
inline int __any_sync(unsigned m, int p, SIMT_LOC) { return __ballot_sync(m, p, loc) != 0; }
inline int __all_sync(unsigned m, int p, SIMT_LOC) { return __ballot_sync(m, !p, loc) == 0; }
template <class T>
T __reduce_add_sync(unsigned m, T v, SIMT_LOC) {
  return simt::reduce<std::plus<T>>(m, v, loc);
}
template <class T>
T __reduce_max_sync(unsigned m, T v, SIMT_LOC) {
  return simt::reduce<simt::Max>(m, v, loc);
}
template <class T>
T __reduce_min_sync(unsigned m, T v, SIMT_LOC) {
  return simt::reduce<simt::Min>(m, v, loc);
}

inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
  return (unsigned long long)((unsigned __int128)a * b >> 64);
}

// Fibers switch only inside collectives, so these are atomic; they are not reported to the race check.
#define SIMT_ATOMIC __attribute__((no_sanitize("thread")))
template <class T>
SIMT_ATOMIC T atomicAdd(T* p, std::type_identity_t<T> v) {
  T o = *p;
  *p = o + v;
  return o;
}
template <class T>
SIMT_ATOMIC T atomicMax(T* p, std::type_identity_t<T> v) {
  T o = *p;
  *p = o < v ? v : o;
  return o;
}
template <class T>
SIMT_ATOMIC T atomicMin(T* p, std::type_identity_t<T> v) {
  T o = *p;
  *p = v < o ? v : o;
  return o;
}
template <class T>
SIMT_ATOMIC T atomicExch(T* p, std::type_identity_t<T> v) {
  T o = *p;
  *p = v;
  return o;
}
template <class T>
SIMT_ATOMIC T atomicCAS(T* p, std::type_identity_t<T> c, std::type_identity_t<T> v) {
  T o = *p;
  if (o == c) *p = v;
  return o;
}
inline void __threadfence() {}
inline void __threadfence_system() {}
inline void __threadfence_block() {}
inline float rsqrtf(float x) { return 1.0f / sqrtf(x); }
template <class T>
T __ldg(const T* p) {
  return *p;
}
