#pragma once
// Host emulation of arch/sm80.cuh with the fragment layouts of the PTX ISA. Sums are plain fp32 in
// order of k: the tensor core rounds differently, so results agree to rounding, not bit for bit.
#include <bit>

namespace simt {
#define SIMT_PLAIN __attribute__((no_sanitize("thread")))
inline float bf16_bits(uint32_t half) { return std::bit_cast<float>(half << 16); }

// An 8x8 b16 matrix: lane l gets elements (l/4, 2*(l%4)) and the next; transposed, those of column l/4.
struct LdsmArg {
  const void* row;
  uint32_t* r;
};
template <bool Trans>
struct OpLdsm {
  SIMT_PLAIN static void run(LdsmArg** a, uint32_t mask) {
    if (mask != kFull) fail("ldmatrix needs all 32 lanes");
    stats.ldsm++;
    for (int i = 0; i < 4; i++) {
      uint16_t m[8][8];
      uint32_t banks = 0;
      for (int j = 0; j < 8; j++) {
        const void* p = a[8 * i + j]->row;
        if (!B->shadow.inside(p) || uintptr_t(p) % 16)
          fail("ldmatrix row is not 16 aligned bytes of shared memory");
        touch(B->cur / 32 * 32 + 8 * i + j, p, 16, Shadow::Read);
        uint32_t bank = 1u << (uintptr_t(p) / 16 % 8);
        if (banks & bank) stats.ldsm_conflicts++;
        banks |= bank;
        memcpy(m[j], p, 16);
      }
      for (int l = 0; l < 32; l++) {
        int g = l / 4, t = 2 * (l % 4);
        uint32_t lo = Trans ? m[t][g] : m[g][t], hi = Trans ? m[t + 1][g] : m[g][t + 1];
        a[l]->r[i] = lo | hi << 16;
      }
    }
  }
};

struct MmaArg {
  float* d;
  const uint32_t* a;
  uint32_t b[2];
};
struct OpMma {
  SIMT_PLAIN static void run(MmaArg** p, uint32_t mask) {
    if (mask != kFull) fail("mma.sync needs all 32 lanes");
    stats.mma++;
    alignas(16) float a[16][16], b[16][8], d[16][8];
    for (int l = 0; l < 32; l++) {
      int g = l / 4, t = 2 * (l % 4);
      for (int i = 0; i < 4; i++)  // a0 (g,t) a1 (g+8,t) a2 (g,t+8) a3 (g+8,t+8), two columns each
        for (int h = 0; h < 2; h++)
          a[g + 8 * (i & 1)][t + 8 * (i >> 1) + h] = bf16_bits(p[l]->a[i] >> 16 * h & 0xffff);
      for (int i = 0; i < 2; i++)  // b0 rows t,t+1 b1 rows t+8,t+9 of column g
        for (int h = 0; h < 2; h++) b[t + 8 * i + h][g] = bf16_bits(p[l]->b[i] >> 16 * h & 0xffff);
      for (int i = 0; i < 4; i++) d[g + 8 * (i >> 1)][t + (i & 1)] = p[l]->d[i];
    }
    for (int r = 0; r < 16; r++)
      for (int k = 0; k < 16; k++)
        for (int c = 0; c < 8; c++) d[r][c] += a[r][k] * b[k][c];
    for (int l = 0; l < 32; l++)
      for (int i = 0; i < 4; i++) p[l]->d[i] = d[l / 4 + 8 * (i >> 1)][2 * (l % 4) + (i & 1)];
  }
};

SIMT_PLAIN inline void do_copy(const Copy& c, Shadow::Kind k) {
  if (k == Shadow::AsyncDone) touch(B->cur, c.dst, c.bytes, k);
  c.fill ? (void)memset(c.dst, 0, c.bytes) : (void)memcpy(c.dst, c.src, c.bytes);
}
// Completes all but the newest `keep` groups of the calling thread; sees only its own copies.
SIMT_PLAIN inline void finish_groups(size_t keep) {
  Lane& l = B->lanes[B->cur];
  if (l.groups.size() <= keep) return;
  size_t n = l.groups.size() - keep, end = l.groups[n - 1];
  for (size_t i = 0; i < end; i++) do_copy(l.copies[i], Shadow::AsyncDone);
  l.copies.erase(l.copies.begin(), l.copies.begin() + end);
  l.groups.erase(l.groups.begin(), l.groups.begin() + n);
  for (size_t& g : l.groups) g -= end;
}
}  // namespace simt

namespace selfjudge::cuda {
inline void ldmatrix_x4(uint32_t (&r)[4], const void* row, SIMT_LOC) {
  simt::LdsmArg a{row, r};
  simt::collective<simt::OpLdsm<false>, true>(simt::kFull, a, loc);
}
inline void ldmatrix_x4_trans(uint32_t (&r)[4], const void* row, SIMT_LOC) {
  simt::LdsmArg a{row, r};
  simt::collective<simt::OpLdsm<true>, true>(simt::kFull, a, loc);
}
inline void mma_bf16(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1, SIMT_LOC) {
  simt::MmaArg m{d, a, {b0, b1}};
  simt::collective<simt::OpMma, true>(simt::kFull, m, loc);
}
SIMT_PLAIN inline void cp_async(void* dst, const void* src, bool valid, unsigned bytes) {
  using namespace simt;
  if (!B->shadow.inside(dst) || B->shadow.inside(src))
    simt::fail("cp.async copies from global to shared memory");
  if (uintptr_t(dst) % bytes || uintptr_t(src) % bytes)
    simt::fail("cp.async address is not aligned to its size");
  touch(B->cur, dst, bytes, Shadow::AsyncIssue);
  Copy c{dst, src, !valid, bytes};
  if (!opt.async_late) do_copy(c, Shadow::AsyncIssue);
  B->lanes[B->cur].copies.push_back(c);
}
SIMT_PLAIN inline void cp_async16(void* dst, const void* src, bool valid = true) {
  cp_async(dst, src, valid, 16);
}
SIMT_PLAIN inline void cp_async4(void* dst, const void* src, bool valid = true) {
  cp_async(dst, src, valid, 4);
}
// Reported here: the race check sees plain stores only in an instrumented build.
SIMT_PLAIN inline void store_shared16(void* dst, const void* values) {
  simt::touch(simt::B->cur, dst, 16, simt::Shadow::Write);
  memcpy(dst, values, 16);
}
SIMT_PLAIN inline void cp_async_commit() {
  auto& l = simt::B->lanes[simt::B->cur];
  l.groups.push_back(l.copies.size());
}
template <int N>
void cp_async_wait() {
  simt::finish_groups(N);
}
inline uint32_t pack_bf16(float lo, float hi) {
  auto bits = [](float f) { return uint32_t(std::bit_cast<uint16_t>(__float2bfloat16(f))); };
  return bits(lo) | bits(hi) << 16;
}
inline float ex2(float x) { return exp2f(x); }
}  // namespace selfjudge::cuda
