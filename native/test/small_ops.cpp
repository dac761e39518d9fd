// rms_norm, rope, swiglu, adamw, global_norm, rows, elementwise and kv faults, against float64 loops.
#include <functional>

#include "backends/cpu/thread_pool.h"
#include "op_call.h"
#include "other_ops.h"

namespace selfjudge::test {
namespace {

double tolerance(int32_t dtype) { return dtype == SJ_BF16 ? 0x1p-8 : 3e-6; }

// Runs `make` with one worker and with all; the outputs must have the same bits. Returns them.
std::vector<Tensor> both_ways(const std::function<std::vector<Tensor>()>& make) {
  cpu::set_worker_limit(1);
  const std::vector<Tensor> one = make();
  cpu::set_worker_limit(cpu::worker_count());
  std::vector<Tensor> all = make();
  for (size_t i = 0; i < all.size(); i++) SJ_CHECK(same_bits(one[i], all[i]), "threads change output %zu", i);
  return all;
}

void test_rms_norm(int32_t dtype, std::vector<int64_t> shape, bool residual, double offset = 0) {
  const int64_t n = shape.back(), size = shape[0] * n * (shape.size() == 3 ? shape[1] : 1);
  const double eps = 1e-5;
  const Tensor x = random(dtype, shape, 1, 3), w = random(dtype, {n}, 2), dy = random(dtype, shape, 3);
  const Tensor r = residual ? random(dtype, shape, 4) : Tensor(),
               dsum = residual ? random(dtype, shape, 5) : Tensor();
  const auto out = both_ways([&] {
    Tensor y(dtype, shape), sum = residual ? Tensor(dtype, shape) : Tensor();
    SJ_CHECK(SJ_CALL(rms_norm, {x, w, r, y, sum}, {eps, offset}) == SJ_OK, "rms_norm");
    Tensor dx(dtype, shape), grad = random(SJ_F32, {n}, 6);
    SJ_CHECK(SJ_CALL(rms_norm_backward, {dy, residual ? sum : x, w, dsum, grad, dx}, {eps, offset}) == SJ_OK,
             "backward");
    return residual ? std::vector<Tensor>{y, dx, grad, sum} : std::vector<Tensor>{y, dx, grad};
  });
  std::vector<double> y(static_cast<size_t>(size)), dx(y), sum(y), grad(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; i++) grad[size_t(i)] = noise(6, uint64_t(i));
  for (int64_t row = 0; row < size / n; row++) {
    double squares = 0, dot = 0;
    const auto s = [&](int64_t i) { return residual ? out[3].get(row * n + i) : x.get(row * n + i); };
    for (int64_t i = 0; i < n; i++) squares += s(i) * s(i);
    const double inverse = 1 / std::sqrt(squares / double(n) + eps);
    for (int64_t i = 0; i < n; i++) dot += dy.get(row * n + i) * (offset + w.get(i)) * s(i);
    for (int64_t i = 0; i < n; i++) {
      const size_t at = size_t(row * n + i);
      if (residual) sum[at] = x.get(row * n + i) + r.get(row * n + i);
      const double weight = offset + w.get(i);
      y[at] = s(i) * inverse * weight;
      dx[at] = dy.get(row * n + i) * weight * inverse - s(i) * std::pow(inverse, 3) * dot / double(n);
      if (residual) dx[at] += dsum.get(row * n + i);
      grad[size_t(i)] += dy.get(row * n + i) * s(i) * inverse;
    }
  }
  const double limit = tolerance(dtype);
  SJ_CHECK(error_of(out[0], y) < limit && error_of(out[1], dx) < limit && error_of(out[2], grad) < 1e-5,
           "rms_norm n %ld: %g %g %g", long(n), error_of(out[0], y), error_of(out[1], dx),
           error_of(out[2], grad));
  if (residual) SJ_CHECK(error_of(out[3], sum) < limit, "sum %g", error_of(out[3], sum));
}

// The first r of d values.
void test_rope(int32_t dtype, int64_t d, int64_t r) {
  const int64_t rows = 37, heads = 3, positions = 50;
  Tensor table(SJ_F32, {positions, r});
  std::vector<int32_t> at;
  for (int64_t p = 0; p < positions; p++)
    for (int64_t i = 0; i < r / 2; i++) {
      const double angle = double(p) * std::pow(10000.0, -2.0 * double(i) / double(r));
      table.set(p * r + i, std::cos(angle));
      table.set(p * r + r / 2 + i, std::sin(angle));
    }
  for (int64_t t = 0; t < rows; t++) at.push_back(int32_t(t * 7 % positions));
  const Tensor x = random(dtype, {rows, heads, d}, 1);
  const auto out = both_ways([&] {
    const Tensor y = x.copy();
    SJ_CHECK(SJ_CALL(rope, {y, table, integers({rows}, at)}, {"forward"}) == SJ_OK, "rope");
    const Tensor back = y.copy();
    SJ_CHECK(SJ_CALL(rope, {back, table, integers({rows}, at)}, {"inverse"}) == SJ_OK, "inverse");
    return std::vector<Tensor>{y, back};
  });
  std::vector<double> y, original;
  for (int64_t i = 0; i < x.size(); i++) {
    original.push_back(x.get(i));
    const int64_t row = i / (heads * d), k = i % d, pair = k < r / 2 ? i + r / 2 : i - r / 2;
    if (k >= r) {
      SJ_CHECK(out[0].get(i) == x.get(i) && out[1].get(i) == x.get(i), "a value past r was touched");
      y.push_back(x.get(i));
      continue;
    }
    const double angle = double(at[size_t(row)]) * std::pow(10000.0, -2.0 * double(k % (r / 2)) / double(r));
    y.push_back(x.get(i) * std::cos(angle) + (k < r / 2 ? -1 : 1) * x.get(pair) * std::sin(angle));
  }
  SJ_CHECK(error_of(out[0], y) < tolerance(dtype) && error_of(out[1], original) < 2 * tolerance(dtype),
           "rope %g %g", error_of(out[0], y), error_of(out[1], original));
  sj_error error{};
  at[5] = 50;
  SJ_CHECK(
      SJ_CALL(rope, {x.copy(), table, integers({rows}, at)}, {"forward"}, nullptr, &error) == SJ_INVALID &&
          std::strstr(error.message, "positions[5]: expected 0 .. 49, received 50"),
      "%s", error.message);
}

void test_swiglu(int32_t dtype, const char* activation) {
  const std::vector<int64_t> shape{40, 1001};
  const Tensor gate = random(dtype, shape, 1, 4), up = random(dtype, shape, 2), dy = random(dtype, shape, 3);
  Tensor wide = gate.copy();
  for (int i = 0; i < 8; i++) wide.set(i, (i % 2 ? 1 : -1) * std::pow(10.0, i - 2));
  const auto out = both_ways([&] {
    const Tensor y(dtype, shape), dgate(dtype, shape), dup(dtype, shape);
    SJ_CHECK(SJ_CALL(swiglu, {wide, up, y}, {activation}) == SJ_OK, "swiglu");
    SJ_CHECK(SJ_CALL(swiglu_backward, {dy, wide, up, dgate, dup}, {activation}) == SJ_OK, "swiglu_backward");
    return std::vector<Tensor>{y, dgate, dup};
  });
  for (int64_t i = 0; i < gate.size(); i++) {
    const double g = wide.get(i), d = dy.get(i), u = up.get(i);
    // 0.5 (1 + tanh(x)) = 1 / (1 + e^-2x)
    const bool gelu = !std::strcmp(activation, "gelu_tanh");
    const double c = 2 * std::sqrt(2 / M_PI), k = gelu ? c * (g + 0.044715 * g * g * g) : g,
                 slope = gelu ? c * (1 + 3 * 0.044715 * g * g) : 1, s = 1 / (1 + std::exp(-k));
    const double expected[] = {g * s * u, d * u * s * (1 + g * slope * (1 - s)), d * g * s};
    for (int part = 0; part < 3; part++)
      SJ_CHECK(std::abs(out[size_t(part)].get(i) - expected[part]) <=
                   tolerance(dtype) * (std::abs(expected[part]) + 1e-1),
               "%s: output %d at gate %g: %g, %g", activation, part, g, out[size_t(part)].get(i),
               expected[part]);
  }
}

void test_optimizer() {
  const int64_t n = 50001;
  const double lr = 1e-2, b1 = 0.9, b2 = 0.999, eps = 1e-8, decay = 0.1, scale = 0.5;
  std::vector<double> p, m(static_cast<size_t>(n)), v(static_cast<size_t>(n));
  const Tensor first = random(SJ_F32, {n}, 1);
  for (int64_t i = 0; i < n; i++) p.push_back(first.get(i));
  for (int step = 1; step <= 3; step++)
    for (int64_t i = 0; i < n; i++) {
      const size_t at = size_t(i);
      const double g = scale * float(noise(uint64_t(step) + 10, uint64_t(i)));
      p[at] *= 1 - lr * decay;
      m[at] += (1 - b1) * (g - m[at]);
      v[at] = b2 * v[at] + (1 - b2) * g * g;
      p[at] -= lr / (1 - std::pow(b1, step)) * m[at] /
               (std::sqrt(v[at]) / std::sqrt(1 - std::pow(b2, step)) + eps);
    }
  const auto out = both_ways([&] {
    Tensor param = first.copy(), a(SJ_F32, {n}), b(SJ_F32, {n}), norm(SJ_F32, {1});
    SJ_CALL(fill, {a}, {0});
    SJ_CALL(fill, {b}, {0});
    for (int step = 1; step <= 3; step++)
      SJ_CALL(adamw, {random(SJ_F32, {n}, uint64_t(step) + 10), param, a, b},
              {lr, b1, b2, eps, decay, double(step), scale});
    SJ_CALL(global_norm, {param, norm});
    return std::vector<Tensor>{param, a, b, norm};
  });
  double norm = 0;
  for (int64_t i = 0; i < n; i++) norm += out[0].get(i) * out[0].get(i);
  SJ_CHECK(error_of(out[0], p) < 1e-6 && error_of(out[1], m) < 1e-6 && error_of(out[2], v) < 1e-6,
           "adamw %g %g %g", error_of(out[0], p), error_of(out[1], m), error_of(out[2], v));
  SJ_CHECK(out[3].get(0) == float(std::sqrt(norm)), "norm %.9g, %.9g", out[3].get(0), std::sqrt(norm));
}

void test_rows(int32_t dtype) {
  const int64_t total = 90, n = 33;
  std::vector<int32_t> rows;
  for (int i = 0; i < 200; i++) rows.push_back(i * i % 83);
  const Tensor x = random(dtype, {total, n}, 1), d = random(dtype, {200, n}, 2),
               index = integers({200}, rows);
  const auto out = both_ways([&] {
    const Tensor y(dtype, {200, n}), back(dtype, {total, n});
    SJ_CHECK(SJ_CALL(gather_rows, {x, index, y}) == SJ_OK, "gather_rows");
    SJ_CHECK(SJ_CALL(scatter_rows, {d, index, back}, {double(total)}) == SJ_OK, "scatter_rows");
    return std::vector<Tensor>{y, back};
  });
  std::vector<float> sums(size_t(total * n));
  for (int64_t i = 0; i < 200 * n; i++) {
    const int64_t at = rows[size_t(i / n)] * n + i % n;
    SJ_CHECK(out[0].get(i) == x.get(at), "gather");
    sums[size_t(at)] += float(d.get(i));
  }
  for (int64_t i = 0; i < total * n; i++)
    SJ_CHECK(
        out[1].get(i) == (dtype == SJ_BF16 ? bf16_to_float(float_to_bf16(sums[size_t(i)])) : sums[size_t(i)]),
        "scatter");
  sj_error error{};
  rows[7] = -1;
  SJ_CHECK(SJ_CALL(gather_rows, {x, integers({200}, rows), Tensor(dtype, {200, n})}, {}, nullptr, &error) ==
                   SJ_INVALID &&
               std::strstr(error.message, "rows[7]: expected 0 .. 89, received -1"),
           "%s", error.message);
}

void test_feed_tokens() {
  const Tensor sampled = integers({3}, {9, -1, 3}), given = integers({5}, {1, 2, 3, 4, 5});
  const auto out = both_ways([&] {
    const Tensor y(SJ_I32, {5});
    SJ_CHECK(SJ_CALL(feed_tokens, {sampled, given, integers({5}, {2, -1, 0, 2, 1}), y}) == SJ_OK,
             "feed_tokens");
    return std::vector<Tensor>{y};
  });
  const int32_t expected[] = {3, 2, 9, 3, 0};
  for (int64_t i = 0; i < 5; i++) SJ_CHECK(out[0].get(i) == expected[i], "feed_tokens");
  sj_error error{};
  SJ_CHECK(SJ_CALL(feed_tokens, {sampled, given, integers({5}, {0, 3, 0, 0, 0}), Tensor(SJ_I32, {5})}, {},
                   nullptr, &error) == SJ_INVALID &&
               std::strstr(error.message, "from[1]: expected -1 .. 2, received 3"),
           "%s", error.message);
}

void test_elementwise() {
  const int64_t n = 70001;
  for (const int32_t a : {SJ_F32, SJ_BF16})
    for (const int32_t b : {SJ_F32, SJ_BF16}) {
      const Tensor x = random(a, {n}, 1), z = random(b, {n}, 2), y = x.copy();
      SJ_CALL(add_in_place, {y, z});
      const Tensor w(a, {n});
      if (a == b) SJ_CALL(add, {x, z, w});
      for (int64_t i = 0; i < n; i++) {
        const float sum = float(x.get(i)) + float(z.get(i)),
                    expected = a == SJ_BF16 ? bf16_to_float(float_to_bf16(sum)) : sum;
        SJ_CHECK(y.get(i) == expected && (a != b || w.get(i) == expected), "add");
      }
    }
  for (const int32_t dtype : {SJ_F32, SJ_BF16}) {
    const Tensor x = random(dtype, {n}, 1), y(dtype, {n});
    SJ_CHECK(SJ_CALL(scale, {x, y}, {0.22}) == SJ_OK, "scale");
    for (int64_t i = 0; i < n; i++) {
      const float product = 0.22f * float(x.get(i));
      SJ_CHECK(y.get(i) == (dtype == SJ_BF16 ? bf16_to_float(float_to_bf16(product)) : product), "scale");
    }
  }
  Tensor x = random(SJ_F32, {n}, 3), half(SJ_BF16, {n}), wide(SJ_F32, {n}), copied(SJ_F32, {n});
  const double special[] = {NAN, INFINITY, -INFINITY, 3.4e38, -0.0, 1e-40, 1.00390625, 1.01171875};
  for (int i = 0; i < 8; i++) x.set(i, special[i]);
  SJ_CALL(cast_bf16, {x, half});
  SJ_CALL(cast_f32, {half, wide});
  SJ_CALL(copy, {x, copied});
  SJ_CHECK(same_bits(x, copied), "copy");
  for (int64_t i = 0; i < n; i++) {
    const uint16_t expected = float_to_bf16(x.data<float>()[i]);
    const float back = bf16_to_float(expected);
    SJ_CHECK(half.data<uint16_t>()[i] == expected && !std::memcmp(wide.data<float>() + i, &back, 4),
             "cast %g", x.get(i));
  }
  Tensor integer(SJ_I32, {3, 5});
  SJ_CALL(fill, {integer}, {-7});
  SJ_CALL(fill, {half}, {1.0});
  SJ_CHECK(integer.get(14) == -7 && half.get(n - 1) == 1, "fill");
}

void test_kv_faults() {
  const Tensor k = random(SJ_F32, {2, 1, 8}, 1), pool_k(SJ_F32, {3, 8, 64}), pool_v(SJ_F32, {3, 64, 8});
  sj_error error{};
  const Tensor absent, table = random(SJ_F32, {4, 8}, 2);
  SJ_CHECK(SJ_CALL(kv_write, {k, k, integers({2}, {5, 192}), pool_k, pool_v, absent, absent, absent}, {},
                   nullptr, &error) == SJ_INVALID &&
               std::strstr(error.message, "slots[1]: expected 0 .. 191, received 192"),
           "%s", error.message);
  SJ_CHECK(
      SJ_CALL(kv_write, {k, k, integers({2}, {5, 6}), pool_k, pool_v, table, integers({2}, {3, 4}), k.copy()},
              {}, nullptr, &error) == SJ_INVALID &&
          std::strstr(error.message, "positions[1]: expected 0 .. 3, received 4"),
      "%s", error.message);
  SJ_CHECK(
      SJ_CALL(kv_copy, {integers({1, 3}, {0, 1, 65}), pool_k, pool_v}, {65}, nullptr, &error) == SJ_INVALID &&
          std::strstr(error.message, "moves[0, 2]: expected 0 .. 64, received 65"),
      "%s", error.message);
}

}  // namespace

void test_small_ops() {
  for (const int32_t dtype : {SJ_F32, SJ_BF16}) {
    for (const bool residual : {false, true}) {
      test_rms_norm(dtype, {150, 576}, residual);
      test_rms_norm(dtype, {70, 3, 50}, residual, 1);
    }
    test_rms_norm(dtype, {5, 3}, false);
    for (const int64_t d : {64, 22, 2}) test_rope(dtype, d, d);
    test_rope(dtype, 128, 96);
    test_rope(dtype, 37, 10);
    for (const char* activation : {"silu", "gelu_tanh"}) test_swiglu(dtype, activation);
    test_rows(dtype);
  }
  test_optimizer();
  test_elementwise();
  test_feed_tokens();
  test_kv_faults();
}

}  // namespace selfjudge::test
