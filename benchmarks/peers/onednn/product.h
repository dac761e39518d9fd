// A product x [M, K] by W^T with W [N, K], as oneDNN does it best: the weight reordered beforehand into the
// format that the primitive asks for.
//
// The values are random multiples of powers of two, small enough that every product and sum is exact in
// float32: any order of adding gives the same bits, so the checksums of both sides must be equal.
// benchmarks/kernels/exact.mjs makes the same.
#pragma once
#include <cstring>
#include "peer.h"

// The top half of a float32; exact for these values.
inline uint16_t bf16(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  return uint16_t(bits >> 16);
}
inline float widened(uint16_t x) {
  const uint32_t bits = uint32_t(x) << 16;
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

inline uint32_t scrambled(uint32_t i, uint32_t seed) {
  uint32_t h = (i + seed) * 2654435761u;
  h = (h ^ (h >> 15)) * 2246822519u;
  return h ^ (h >> 13);
}

struct Product {
  Product(const dnnl::engine& engine, dnnl::stream& stream, Shape shape, dnnl::memory::data_type out)
      : x(dnnl::memory({{shape.m, shape.k}, BF16, dnnl::memory::format_tag::ab}, engine)),
        y(dnnl::memory({{shape.m, shape.n}, out, dnnl::memory::format_tag::ab}, engine)) {
    dnnl::memory rows({{shape.k, shape.n}, BF16, dnnl::memory::format_tag::ba}, engine);
    fill(x, shape.m * shape.k, 1, 0.125f);
    fill(rows, shape.n * shape.k, 2, 1 / 128.0f);
    const dnnl::matmul::primitive_desc what(
        engine, x.get_desc(), {{shape.k, shape.n}, BF16, dnnl::memory::format_tag::any}, y.get_desc());
    w = dnnl::memory(what.weights_desc(), engine);
    dnnl::reorder(rows, w).execute(stream, rows, w);
    stream.wait();
    scratch_bytes = double(what.query_s64(dnnl::query::memory_consumption_s64));
    primitive = dnnl::matmul(what);
  }
  void operator()(dnnl::stream& stream) {
    primitive.execute(stream, {{DNNL_ARG_SRC, x}, {DNNL_ARG_WEIGHTS, w}, {DNNL_ARG_DST, y}});
  }

  dnnl::memory x, w, y;
  dnnl::matmul primitive;
  double scratch_bytes = 0;

 private:
  static constexpr auto BF16 = dnnl::memory::data_type::bf16;

  static void fill(dnnl::memory& memory, int64_t count, uint32_t seed, float scale) {
    auto* data = static_cast<uint16_t*>(memory.get_data_handle());
    for (int64_t i = 0; i < count; i++)
      data[i] = bf16(scale * float(int(scrambled(uint32_t(i), seed) % 17) - 8));
  }
};
