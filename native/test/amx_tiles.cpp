// The kernels of gemm/amx*.cpp on emulated tiles, against plain loops, and the emulation's own errors. All
// memory is as large as it must be and no larger, for AddressSanitizer.
#include <cmath>
#include <cstring>
#include <random>
#include <stdexcept>
#include <vector>

#include "../backends/cpu/gemm/kernels.h"
#include "../backends/cpu/gemm/panels.h"
#include "../core/bf16.h"
#include "amx_emulation.h"

#if !defined(__x86_64__)
int main() { return 0; }
#else
namespace selfjudge::test {
namespace {

int failures = 0;
std::mt19937_64 rng(11);

void fail(const char* what, int rows, int k, int columns) {
  if (++failures <= 20) std::printf("  FAILED %s: %d rows, k %d, %d columns\n", what, rows, k, columns);
}

// Memory from a multiple of 64 bytes on, of the very size.
template <class T>
class Memory {
 public:
  explicit Memory(size_t n)
      : n_(n), p_(static_cast<T*>(::operator new[](n * sizeof(T), std::align_val_t(64)))) {
    std::memset(static_cast<void*>(p_), 0xff, n * sizeof(T));
  }
  ~Memory() { ::operator delete[](p_, std::align_val_t(64)); }
  Memory(const Memory&) = delete;
  T* get() const { return p_; }
  size_t size() const { return n_; }
  T& operator[](size_t i) const { return p_[i]; }

 private:
  size_t n_;
  T* p_;
};

uint16_t random_bf16() { return float_to_bf16(float(std::normal_distribution<double>()(rng))); }
int64_t whole(int64_t n, int64_t of) { return (n + of - 1) / of * of; }

struct Product {
  int rows, k, columns, panels;
  int64_t stride;  // of A
  Memory<uint16_t> a, b;
  Product(int rows, int k, int columns)
      : rows(rows),
        k(k),
        columns(columns),
        panels(int(cpu::panel_count(columns))),
        stride(whole(k, 32)),
        a(size_t(rows * stride)),
        b(size_t(panels) * cpu::panel_stride(SJ_BF16, k) / 2) {
    std::memset(b.get(), 0, b.size() * 2);
    for (int r = 0; r < rows; r++)
      for (int i = 0; i < k; i++) a[size_t(r * stride + i)] = random_bf16();
    for (int c = 0; c < columns; c++)
      for (int i = 0; i < k; i++) b[at(i, c)] = random_bf16();
  }
  size_t at(int i, int c) const {
    return size_t(c / 48) * cpu::panel_stride(SJ_BF16, k) / 2 + size_t(i / 2 * 96 + c % 48 * 2 + i % 2);
  }
  // C from its rows first .. first + count, `blocked` or as they are (whole multiples of 32 only).
  // What lies past the columns that are asked for stays as it was.
  void multiply(int first, int count, bool blocked, float* c, int64_t c_stride, bool accumulate,
                uint16_t* out, int64_t out_stride) const {
    const int64_t depth = whole(k, 32);
    const Memory<uint16_t> blocks(size_t(blocked ? whole(count, 16) * depth : 1));
    if (blocked) cpu::amx::dot_blocks(a.get() + first * stride, stride, count, k, blocks.get());
    for (int r = 0; r < count; r += cpu::amx::kRows) {
      cpu::DotTile t{};
      t.a = blocked ? blocks.get() + r * depth : a.get() + (first + r) * stride;
      t.a_stride = blocked ? 32 : stride;
      t.a_below = 16 * (blocked ? depth : stride);
      t.a_next = blocked ? 512 : 32;
      t.rows = std::min(cpu::amx::kRows, count - r);
      t.panel = b.get();
      t.panel_stride = cpu::panel_stride(SJ_BF16, k);
      t.panels = panels;
      t.last_vectors = (columns - (panels - 1) * 48 + 15) / 16;
      t.pairs = (k + 1) / 2;
      t.ahead = reinterpret_cast<const char*>(b.get());
      t.lines = 1;
      t.step = 192;
      t.c = c ? c + r * c_stride : nullptr;
      t.c_stride = c_stride;
      t.accumulate = accumulate;
      t.out = out ? out + r * out_stride : nullptr;
      t.out_stride = out_stride;
      cpu::amx::tile_dot(t);
    }
    cpu::amx::release();
    if (tiles::state.configured) fail("tiles are not released", rows, k, columns);
  }
};

void check(int rows, int k, int columns) {
  const Product p(rows, k, columns);
  const int64_t width = whole(columns, 16);
  const Memory<float> c(size_t(rows * width)), added(c.size());
  const Memory<uint16_t> out(c.size());
  p.multiply(0, rows, true, c.get(), width, false, nullptr, 0);
  for (size_t i = 0; i < added.size(); i++) added[i] = float(i % 5) - 2;
  p.multiply(0, rows, true, added.get(), width, true, nullptr, 0);
  p.multiply(0, rows, true, nullptr, 0, false, out.get(), width);
  for (int r = 0; r < rows; r++)
    for (int x = 0; x < width; x++) {
      double sum = 0, size = 0;
      for (int i = 0; i < k && x < columns; i++) {
        const double term =
            double(bf16_to_float(p.a[size_t(r * p.stride + i)])) * bf16_to_float(p.b[p.at(i, x)]);
        sum += term;
        size += std::fabs(term);
      }
      const size_t i = size_t(r * width + x);
      const double bound = size * 1e-6 + 1e-30;
      if (!(std::fabs(c[i] - sum) <= bound)) return fail("a sum", rows, k, columns);
      if (!(std::fabs(added[i] - (sum + (double(i % 5) - 2))) <= bound + 1e-6))
        return fail("a sum added to what was there", rows, k, columns);
      if (out[i] != float_to_bf16(c[i])) return fail("a sum as bf16", rows, k, columns);
    }
  if (k % 32 == 0) {
    const Memory<float> direct(c.size());
    p.multiply(0, rows, false, direct.get(), width, false, nullptr, 0);
    if (std::memcmp(direct.get(), c.get(), c.size() * 4)) fail("rows as they are", rows, k, columns);
  }
  // Any rows alone have the bits they have in company.
  for (const int count : {1, 2, int(1 + rng() % unsigned(rows))}) {
    if (count > rows) continue;
    const int first = int(rng() % unsigned(rows - count + 1));
    const Memory<float> alone(size_t(count * width));
    p.multiply(first, count, true, alone.get(), width, false, nullptr, 0);
    if (std::memcmp(alone.get(), c.get() + first * width, alone.size() * 4))
      fail("rows alone", rows, k, columns);
  }
  if (rows > 40) return;
  for (int r = 0; r < rows; r++) {
    const Memory<uint16_t> alone{size_t(width)};
    p.multiply(r, 1, true, nullptr, 0, false, alone.get(), width);
    if (std::memcmp(alone.get(), out.get() + r * width, size_t(width) * 2))
      fail("a row alone", rows, k, columns);
  }
}

// Infinities and NaN stay in their row; products below the smallest normal number are zeros.
void special_values() {
  const Product p(33, 70, 50);
  const int64_t width = 64;
  const Memory<float> before(33 * 64), after(33 * 64);
  p.multiply(0, 33, true, before.get(), width, false, nullptr, 0);
  p.a[5 * 96 + 69] = 0x7fc0;
  p.a[17 * 96 + 3] = 0x7f80;
  for (int i = 0; i < 70; i++) p.a[size_t(20 * 96 + i)] = 0x0040;  // a denormal
  p.multiply(0, 33, true, after.get(), width, false, nullptr, 0);
  for (int r = 0; r < 33; r++) {
    const float *x = after.get() + r * width, *y = before.get() + r * width;
    const bool expected = r == 5    ? std::isnan(x[49])
                          : r == 17 ? !std::isfinite(x[49])
                          : r == 20 ? x[49] == 0
                                    : !std::memcmp(x, y, size_t(width) * 4);
    if (!expected) fail("special values", r, 70, 50);
  }
}

// pair_tile: sums over a range of k, from zero and from what was there; each row of a call with a range of
// its own stands for by zeros in A; NaN outside the range.
void check_pairs(int rows, int k, int columns) {
  const int64_t width = whole(columns, 16), a_stride = whole(k, 2), pairs = a_stride / 2;
  const Memory<uint16_t> a(size_t(rows * a_stride));
  const Memory<uint32_t> b(size_t(pairs * width));
  for (size_t i = 0; i < a.size(); i++) a[i] = random_bf16();
  for (size_t i = 0; i < b.size(); i++) b[i] = random_bf16() | uint32_t(random_bf16()) << 16;
  const auto right = [&](int64_t i, int64_t x) {
    return double(bf16_to_float(uint16_t(b[size_t(i / 2 * width + x)] >> i % 2 * 16)));
  };
  const auto multiply = [&](int row, int count, const uint16_t* left, int first, int last, float* c,
                            bool accumulate) {
    cpu::amx::pair_tile({left + row * a_stride, a_stride, count, b.get(), width, true, first, last, width, c,
                         width, accumulate});
  };
  const int first = int(rng() % unsigned(k + 1)), last = first + int(rng() % unsigned(k + 1 - first));
  const Memory<float> c(size_t(rows * width)), added(c.size()), alone{size_t(width)};
  multiply(0, rows, a.get(), first, last, c.get(), false);
  for (size_t i = 0; i < added.size(); i++) added[i] = float(i % 5) - 2;
  multiply(0, rows, a.get(), first, last, added.get(), true);
  for (int r = 0; r < rows; r++)
    for (int x = 0; x < width; x++) {
      double sum = 0, size = 0;
      for (int i = first; i < last; i++) {
        const double term = bf16_to_float(a[size_t(r * a_stride + i)]) * right(i, x);
        sum += term;
        size += std::fabs(term);
      }
      const size_t i = size_t(r * width + x);
      if (!(std::fabs(c[i] - sum) <= size * 1e-6 + 1e-30)) return fail("a sum of pairs", rows, k, columns);
      if (!(std::fabs(added[i] - (sum + (double(i % 5) - 2))) <= size * 1e-6 + 1e-6))
        return fail("a sum of pairs added to what was there", rows, k, columns);
    }
  // Zeros in A for what a row does not take, in one call, and each row alone with a range of its own.
  const Memory<uint16_t> zeroed(a.size());
  std::memcpy(zeroed.get(), a.get(), a.size() * 2);
  std::vector<int> ends;
  for (int r = 0; r < rows; r++) {
    ends.push_back(first + int(rng() % unsigned(last - first + 1)));
    for (int i = ends.back(); i < k; i++) zeroed[size_t(r * a_stride + i)] = 0;
  }
  multiply(0, rows, zeroed.get(), first, last, c.get(), false);
  for (int r = 0; r < rows; r++) {
    multiply(r, 1, a.get(), first, ends[size_t(r)], alone.get(), false);
    if (std::memcmp(alone.get(), c.get() + r * width, size_t(width) * 4))
      return fail("a row with a range of its own", rows, k, columns);
  }
  for (int i = 0; i < k; i++) {
    if (i >= first && i < last) continue;
    for (int r = 0; r < rows; r++) a[size_t(r * a_stride + i)] = 0x7fc0;
    for (int x = 0; x < width; x++) b[size_t(i / 2 * width + x)] |= 0x7fc0u << i % 2 * 16;
  }
  multiply(0, rows, a.get(), first, last, c.get(), false);
  for (size_t i = 0; i < c.size(); i++)
    if (!std::isfinite(c[i])) return fail("NaN from outside the range", rows, k, columns);
  cpu::amx::release();
}

template <class Body>
void expect_error(const char* what, const Body& body) {
  try {
    body();
  } catch (const std::logic_error&) {
    tiles::release();
    return;
  }
  tiles::release();
  failures++;
  std::printf("  FAILED no error: %s\n", what);
}

void errors() {
  tiles::on_error = [](const char* what) { throw std::logic_error(what); };
  const auto configure = [](std::initializer_list<int> rows, int bytes) {
    alignas(64) uint8_t raw[64] = {1};
    int i = 0;
    for (const int n : rows) raw[48 + i] = uint8_t(n), raw[16 + 2 * i++] = uint8_t(n ? bytes : 0);
    tiles::load_config(raw);
  };
  alignas(64) static uint8_t memory[1024];
  expect_error("17 rows", [&] { configure({17}, 64); });
  expect_error("68 bytes", [&] { configure({16}, 68); });
  expect_error("a ninth tile", [&] { configure({1, 1, 1, 1, 1, 1, 1, 1, 1}, 64); });
  expect_error("palette 0", [&] {
    alignas(64) uint8_t raw[64] = {};
    tiles::load_config(raw);
  });
  expect_error("no configuration", [&] { tiles::zero(0); });
  expect_error("a released tile", [&] {
    configure({16}, 64);
    tiles::release();
    tiles::load(0, memory, 64);
  });
  expect_error("a tile without a shape", [&] {
    configure({16, 16}, 64);
    tiles::zero(2);
  });
  const auto multiply = [&](std::initializer_list<int> rows, int bytes) {
    configure(rows, bytes);
    for (int i = 0; i < 3; i++) tiles::load(i, memory, 64);
    tiles::multiply(0, 1, 2);
  };
  expect_error("rows of sums and A", [&] { multiply({8, 9, 16}, 64); });
  expect_error("depths of A and B", [&] { multiply({8, 8, 15}, 64); });
  expect_error("an empty tile", [&] {
    configure({16, 16, 16}, 64);
    tiles::zero(0), tiles::zero(1);
    tiles::multiply(0, 1, 2);
  });
  multiply({7, 7, 16}, 64);
  tiles::release();
}

}  // namespace
}  // namespace selfjudge::test

int main() {
  using namespace selfjudge::test;
  if (!__builtin_cpu_supports("avx512bf16")) return std::printf("skipped: this CPU has no avx512bf16\n"), 0;
  int shapes = 0;
  const auto run = [&](int rows, int k, int columns) { check(rows, k, columns), shapes++; };
  for (int rows = 1; rows <= 70; rows++) run(rows, 1 + (rows * 37) % 200, 1 + (rows * 53) % 200);
  for (int k = 1; k <= 200; k++) run(1 + (k * 11) % 70, k, 1 + (k * 29) % 110);
  for (int columns = 1; columns <= 200; columns++)
    run(1 + (columns * 13) % 40, 1 + (columns * 7) % 100, columns);
  for (const int rows : {1, 15, 16, 17, 31, 32, 33, 64})
    for (const int k : {31, 32, 33, 64, 96})
      for (const int columns : {16, 48, 49, 80, 96, 97, 384}) run(rows, k, columns);
  for (int rows = 1; rows <= selfjudge::cpu::amx::kRows; rows++)
    for (const int columns : {16, 32, 48, 64, 80, 144})
      check_pairs(rows, 1 + int(rng() % 130), columns), shapes++;
  special_values();
  errors();
  std::printf("amx_tiles: %d shapes, %d failures\n", shapes, failures);
  return failures ? 1 : 0;
}
#endif
