// pack, unpack, embedding, linear and their backward against plain float64 loops.
#include "../core/philox.h"
#include "matrix_ops.h"

namespace selfjudge::test {
namespace {

using Values = std::vector<double>;

// x [m, k] y^T [n, k]
Values times(const Tensor& x, const Tensor& y) {
  const int64_t m = x.dim(0), k = x.dim(1), n = y.dim(0);
  Values a(size_t(m * k)), b(size_t(n * k)), c(size_t(m * n));
  for (int64_t i = 0; i < m * k; i++) a[size_t(i)] = x.at(i);
  for (int64_t i = 0; i < n * k; i++) b[size_t(i)] = y.at(i);
  for (int64_t i = 0; i < m; i++)
    for (int64_t j = 0; j < n; j++) {
      double sum = 0;
      for (int64_t l = 0; l < k; l++) sum += a[size_t(i * k + l)] * b[size_t(j * k + l)];
      c[size_t(i * n + j)] = sum;
    }
  return c;
}

const std::vector<double> kNoAdapters = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};

// What linear and linear_backward have in common, and the activation of the one or need_dx of the other.
std::vector<double> with(std::vector<double> numbers, double last) {
  numbers.push_back(last);
  return numbers;
}

Tensor linear(const Tensor& x, const Tensor& w, sj_dtype dtype) {
  Tensor y(dtype, {x.dim(0), w.dim(0)});
  EXPECT(
      run(SJ_OP_linear, {x, w, {}, {}, {}, {}, {}, {}, {}, y, {}, {}}, with(kNoAdapters, ops::SILU)) == SJ_OK,
      "%s", message.c_str());
  return y;
}

void products(sj_dtype dtype) {
  for (int64_t n : {1, 7, 47, 48, 49, 576, 1536})
    for (int64_t k : {1, 2, 3, 63, 64, 576}) {
      const Tensor rows = Tensor::random(dtype, {n, k}), w = pack(rows, dtype);
      Tensor back(dtype, {n, k});
      run(SJ_OP_unpack, {w, back});
      EXPECT(back.same(rows), "unpack(pack(w)) [%lld, %lld]", (long long)n, (long long)k);
      const bool small = n * k < 40000;
      const Tensor x = Tensor::random(dtype, {300, k});
      const Tensor all = linear(x, w, dtype);
      for (int64_t m : {1, 2, 3, 4, 5, 7, 8, 9, 17, 64, 300}) {
        const int64_t first = below(300 - m + 1);
        const Tensor y = linear(x.rows(first, m), w, dtype);
        EXPECT(y.same(all.rows(first, m)), "linear bits depend on rows: m %lld n %lld k %lld", (long long)m,
               (long long)n, (long long)k);
        if (small || m <= 7)
          expect_close("linear", y, times(x.rows(first, m), rows), 4e-6 * std::sqrt(double(k)) + 1e-6,
                       round_of(dtype));
      }
      expect_thread_invariant("linear", [&] { return std::vector{linear(x, w, dtype)}; });
    }
  // Deeper than one block of k.
  const Tensor rows = Tensor::random(dtype, {50, 4999}), w = pack(rows, dtype),
               x = Tensor::random(dtype, {40, 4999});
  const Tensor y = linear(x, w, dtype);
  expect_close("deep linear", y, times(x, rows), 1e-3, round_of(dtype));
  EXPECT(linear(x.rows(39, 1), w, dtype).same(y.rows(39, 1)), "deep linear bits");
  // A float32 master packed to bf16 equals packing its rounded rows.
  const Tensor master = Tensor::random(SJ_F32, {97, 131});
  Tensor rounded(SJ_BF16, {97, 131});
  for (int64_t i = 0; i < master.size(); i++) rounded.set(i, master.at(i));
  EXPECT(pack(master, SJ_BF16).same(pack(rounded, SJ_BF16)), "pack rounds to nearest even");
}

void embeddings(sj_dtype dtype) {
  const int64_t v = 101, d = 75, t = 230;
  const Tensor rows = Tensor::random(dtype, {v, d}), table = pack(rows, dtype);
  const Tensor ids = Tensor::ints({t}, [&](int64_t) { return below(v) % 9 ? below(v) : 3; });
  Tensor y(dtype, {t, d});
  EXPECT(run(SJ_OP_embedding, {table, ids, y}) == SJ_OK, "%s", message.c_str());
  for (int64_t i = 0; i < t; i++)
    EXPECT(y.rows(i, 1).same(rows.rows(ids.i32()[i], 1)), "row %lld", (long long)i);
  const Tensor dy = Tensor::random(dtype, {t, d}), start = Tensor::random(SJ_F32, {v, d});
  Values expected;
  for (int64_t i = 0; i < v * d; i++) expected.push_back(start.at(i));
  for (int64_t i = 0; i < t; i++)
    for (int64_t j = 0; j < d; j++) expected[size_t(ids.i32()[i] * d + j)] += dy.at(i, j);
  auto backward = [&] {
    const Tensor grad = start.clone();
    run(SJ_OP_embedding_backward, {dy, ids, grad});
    return std::vector{grad};
  };
  expect_close("embedding_backward", backward()[0], expected, 1e-4, 0);
  expect_thread_invariant("embedding_backward", backward);
  ids.i32()[5] = int32_t(v);
  EXPECT(run(SJ_OP_embedding, {table, ids, y}) == SJ_INVALID && message.find("ids[5]") != std::string::npos &&
             message.find("101") != std::string::npos,
         "%s", message.c_str());
  ids.i32()[5] = -1;
  EXPECT(run(SJ_OP_embedding_backward, {dy, ids, start.clone()}) == SJ_INVALID, "%s", message.c_str());
}

struct LowRank {
  double scale, p;
  int64_t start, rows, rank, module;
  Tensor a{}, b{}, xa{}, grad_a{}, grad_b{};
  Values mask{};  // [rows, k]
};

// linear and linear_backward with a bias and two adapters on ranges of rows, one with dropout.
void adapters(sj_dtype dtype, int64_t t, int64_t n, int64_t k) {
  const Tensor x = Tensor::random(dtype, {t, k}), w_rows = Tensor::random(dtype, {n, k}, 0.3),
               w = pack(w_rows, dtype);
  const Tensor bias = Tensor::random(dtype, {n}), dy = Tensor::random(dtype, {t, n});
  const Tensor keys = Tensor::ints({t, 2}, [](int64_t) { return int64_t(rng()); });
  LowRank ad[2] = {
      {.scale = 2, .p = 0, .start = 0, .rows = t, .rank = 8, .module = 5},
      {.scale = 0.5, .p = 0.3, .start = t / 3, .rows = t - t / 3 - t / 5, .rank = 19, .module = 9}};
  const double seed = 4000000000.0, step = 12;
  std::vector<double> numbers;
  for (LowRank& l : ad) {
    l.a = Tensor::random(SJ_F32, {l.rank, k});
    l.b = Tensor::random(SJ_F32, {n, l.rank});
    l.xa = Tensor(SJ_F32, {l.rows, l.rank});
    l.grad_a = Tensor::random(SJ_F32, {l.rank, k});
    l.grad_b = Tensor::random(SJ_F32, {n, l.rank});
    for (double v : {l.scale, double(l.start), double(l.rows), l.p, double(l.module)}) numbers.push_back(v);
    for (int64_t r = 0; r < l.rows; r++)
      for (int64_t c = 0; c < k; c++) {
        const int32_t* key = keys.i32() + 2 * (l.start + r);
        const uint32_t word = philox4x32(
            {uint32_t(seed), uint32_t(step)},
            {uint32_t(l.module), uint32_t(key[0]), uint32_t(key[1]), uint32_t(c / 4)})[size_t(c % 4)];
        l.mask.push_back(double(word) >= l.p * 4294967296.0 ? 1 / (1 - l.p) : 0);
      }
  }
  numbers.push_back(seed);
  numbers.push_back(step);
  Tensor y(dtype, {t, n});
  auto forward = [&] {
    EXPECT(
        run(SJ_OP_linear, {x, w, bias, keys, ad[0].a, ad[0].b, ad[1].a, ad[1].b, {}, y, ad[0].xa, ad[1].xa},
            with(numbers, ops::SILU)) == SJ_OK,
        "%s", message.c_str());
    return std::vector{y.clone(), ad[0].xa.clone(), ad[1].xa.clone()};
  };
  expect_thread_invariant("linear with adapters", forward);

  // A gated call has the bits of swiglu over what a plain one stores.
  const Tensor gate = Tensor::random(dtype, {t, n}, 2), composed(dtype, {t, n}), gated(dtype, {t, n});
  for (const int activation : {ops::SILU, ops::GELU_TANH}) {
    EXPECT(run(SJ_OP_swiglu, {gate, y, composed}, {double(activation)}) == SJ_OK, "%s", message.c_str());
    EXPECT(run(SJ_OP_linear,
               {x, w, bias, keys, ad[0].a, ad[0].b, ad[1].a, ad[1].b, gate, gated, ad[0].xa, ad[1].xa},
               with(numbers, activation)) == SJ_OK,
           "%s", message.c_str());
    EXPECT(gated.same(composed), "a gated linear of %lld x %lld x %lld differs from swiglu", (long long)t,
           (long long)n, (long long)k);
  }

  Values expected = times(x, w_rows), dx(size_t(t * k)), grad_w(size_t(n * k)),
         grad_bias(static_cast<size_t>(n));
  const Tensor start_w = Tensor::random(SJ_F32, {n, k}), start_bias = Tensor::random(SJ_F32, {n});
  for (int64_t j = 0; j < n; j++) grad_bias[size_t(j)] = start_bias.at(j);
  for (int64_t j = 0; j < n * k; j++) grad_w[size_t(j)] = start_w.at(j);
  for (int64_t i = 0; i < t; i++)
    for (int64_t j = 0; j < n; j++) {
      expected[size_t(i * n + j)] += bias.at(j);
      grad_bias[size_t(j)] += dy.at(i, j);
      for (int64_t c = 0; c < k; c++) {
        dx[size_t(i * k + c)] += dy.at(i, j) * w_rows.at(j, c);
        grad_w[size_t(j * k + c)] += dy.at(i, j) * x.at(i, c);
      }
    }
  Values grad_a[2], grad_b[2];
  for (int q = 0; q < 2; q++) {
    const LowRank& l = ad[q];
    for (int64_t i = 0; i < l.grad_a.size(); i++) grad_a[q].push_back(l.grad_a.at(i));
    for (int64_t i = 0; i < l.grad_b.size(); i++) grad_b[q].push_back(l.grad_b.at(i));
    for (int64_t r = 0; r < l.rows; r++)
      for (int64_t z = 0; z < l.rank; z++) {
        double xa = 0, dyb = 0;
        const int64_t row = l.start + r;
        for (int64_t c = 0; c < k; c++) xa += l.mask[size_t(r * k + c)] * x.at(row, c) * l.a.at(z, c);
        for (int64_t j = 0; j < n; j++) dyb += dy.at(row, j) * l.b.at(j, z);
        for (int64_t j = 0; j < n; j++) {
          expected[size_t(row * n + j)] += l.scale * xa * l.b.at(j, z);
          grad_b[q][size_t(j * l.rank + z)] += l.scale * dy.at(row, j) * xa;
        }
        for (int64_t c = 0; c < k; c++) {
          dx[size_t(row * k + c)] += l.scale * l.mask[size_t(r * k + c)] * dyb * l.a.at(z, c);
          grad_a[q][size_t(z * k + c)] += l.scale * dyb * l.mask[size_t(r * k + c)] * x.at(row, c);
        }
      }
  }
  const double tiny = 2e-5 * std::sqrt(double(n * k));
  expect_close("adapters y", y, expected, tiny, round_of(dtype));

  auto backward = [&](const Tensor& dy_, const Tensor& x_, const std::vector<double>& numbers_,
                      const Tensor& dx_) {
    std::vector<Tensor> out = {start_w.clone(),
                               start_bias.clone(),
                               ad[0].grad_a.clone(),
                               ad[0].grad_b.clone(),
                               ad[1].grad_a.clone(),
                               ad[1].grad_b.clone(),
                               dx_};
    EXPECT(run(SJ_OP_linear_backward,
               {dy_, x_, w, keys, ad[0].a, ad[0].b, ad[0].xa, ad[1].a, ad[1].b, ad[1].xa, out[0], out[1],
                out[2], out[3], out[4], out[5], out[6]},
               with(numbers_, 1)) == SJ_OK,
           "%s", message.c_str());
    return out;
  };
  auto whole = [&] { return backward(dy, x, numbers, Tensor(dtype, {t, k})); };
  expect_thread_invariant("linear_backward", whole);
  const auto out = whole();
  const double big = 3e-5 * std::sqrt(double(t * n));
  expect_close("grad_w", out[0], grad_w, big, 1e-5);
  expect_close("grad_bias", out[1], grad_bias, big, 1e-5);
  for (int q = 0; q < 2; q++) {
    expect_close("grad_a", out[size_t(2 + 2 * q)], grad_a[q], 10 * big, 1e-5);
    expect_close("grad_b", out[size_t(3 + 2 * q)], grad_b[q], 10 * big, 1e-5);
  }
  expect_close("dx", out[6], dx, 5 * tiny, round_of(dtype));
  // dx of a row without the others: the last row, which only the first adapter covers.
  auto one = kNoAdapters;
  one[0] = ad[0].scale, one[2] = 1;
  Tensor dx1(dtype, {1, k});
  EXPECT(run(SJ_OP_linear_backward,
             {dy.rows(t - 1, 1),
              x.rows(t - 1, 1),
              w,
              {},
              ad[0].a,
              ad[0].b,
              ad[0].xa.rows(ad[0].rows - 1, 1),
              {},
              {},
              {},
              {},
              {},
              {},
              {},
              {},
              {},
              dx1},
             with(one, 1)) == SJ_OK,
         "%s", message.c_str());
  EXPECT(dx1.same(out[6].rows(t - 1, 1)), "dx bits depend on other rows");
  numbers[1] = 1;
  const std::string refused =
      refusal(SJ_OP_linear, {x, w, bias, keys, ad[0].a, ad[0].b, ad[1].a, ad[1].b, {}, y, ad[0].xa, ad[1].xa},
              with(numbers, ops::SILU));
  EXPECT(refused.find("rows0: expected start0 + rows0 <= T = ") != std::string::npos, "%s", refused.c_str());
}

}  // namespace

void matrix_tests() {
  const auto words = philox4x32({0, 0}, {0, 0, 0, 0});
  EXPECT(words[0] == 0x6627e8d5u && words[3] == 0x9b00dbd8u, "philox4x32-10 known answer");
  for (sj_dtype dtype : {SJ_F32, SJ_BF16}) {
    products(dtype);
    embeddings(dtype);
    adapters(dtype, 5, 31, 17);
    adapters(dtype, 300, 100, 75);
  }
  adapters(SJ_BF16, 20, 1700, 1300);  // W^T in more than one block of n
}

}  // namespace selfjudge::test
