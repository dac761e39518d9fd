// linear_logprob, its backward and linear_sample against plain float64 loops.
#include <algorithm>
#include <map>

#include "../core/philox.h"
#include "matrix_ops.h"

namespace selfjudge::test {
namespace {

using Values = std::vector<double>;

Values logits_of(const Tensor& h, const Tensor& w) {
  const int64_t r = h.dim(0), d = h.dim(1), v = w.dim(0);
  Values hv, wv, z(size_t(r * v));
  for (int64_t i = 0; i < r * d; i++) hv.push_back(h.at(i));
  for (int64_t i = 0; i < v * d; i++) wv.push_back(w.at(i));
  for (int64_t i = 0; i < r; i++)
    for (int64_t j = 0; j < v; j++) {
      double sum = 0;
      for (int64_t k = 0; k < d; k++) sum += hv[size_t(i * d + k)] * wv[size_t(j * d + k)];
      z[size_t(i * v + j)] = sum;
    }
  return z;
}

double log_sum(const double* z, int64_t v) {
  const double max = *std::max_element(z, z + v);
  double sum = 0;
  for (int64_t j = 0; j < v; j++) sum += std::exp(z[j] - max);
  return max + std::log(sum);
}

struct Scored {
  Tensor logp, lse;
};

Scored logprob(const Tensor& h, const Tensor& w, const Tensor& rows, const Tensor& labels) {
  Scored s{Tensor(SJ_F32, {rows.size()}), Tensor(SJ_F32, {h.dim(0)})};
  EXPECT(run(SJ_OP_linear_logprob, {h, w, rows, labels, s.logp, s.lse}) == SJ_OK, "%s", message.c_str());
  return s;
}

void logprobs(sj_dtype dtype, int64_t r, int64_t v, int64_t d, double scale) {
  const Tensor h = Tensor::random(dtype, {r, d}, scale), w_rows = Tensor::random(dtype, {v, d}),
               w = pack(w_rows, dtype);
  const int64_t n = 2 * r + 3;  // ragged: some rows have none, some several, some the same twice
  const Tensor rows = Tensor::ints({n}, [&](int64_t i) { return i < 3 ? r / 2 : below(r); });
  const Tensor labels = Tensor::ints({n}, [&](int64_t i) { return i < 2 ? v / 3 : below(v); });
  const Values z = logits_of(h, w_rows);
  Values lse, logp;
  for (int64_t i = 0; i < r; i++) lse.push_back(log_sum(z.data() + i * v, v));
  for (int64_t l = 0; l < n; l++)
    logp.push_back(z[size_t(rows.i32()[l] * v + labels.i32()[l])] - lse[size_t(rows.i32()[l])]);
  const Scored s = logprob(h, w, rows, labels);
  expect_close("lse", s.lse, lse, 1e-5, 2e-7);
  expect_close("logp", s.logp, logp, 1e-5, 4e-7);
  expect_thread_invariant("linear_logprob", [&] {
    const Scored t = logprob(h, w, rows, labels);
    return std::vector{t.logp, t.lse};
  });
  for (int64_t count : {1, 2, 7}) {  // a row's bits without the others
    const int64_t first = below(r - std::min(r, count) + 1), m = std::min(r, count);
    const Scored t = logprob(h.rows(first, m), w, Tensor::ints({m}, [](int64_t i) { return i; }),
                             Tensor::ints({m}, [](int64_t) { return 0; }));
    for (int64_t i = 0; i < m; i++)
      EXPECT(t.lse.f32()[i] == s.lse.f32()[first + i], "lse bits depend on rows");
  }

  const Tensor dlogp = Tensor::random(SJ_F32, {n}), start = Tensor::random(SJ_F32, {v, d});
  Values dh(size_t(r * d)), grad_w;
  for (int64_t i = 0; i < v * d; i++) grad_w.push_back(start.at(i));
  Values c(size_t(r * v));
  for (int64_t l = 0; l < n; l++) {
    const int64_t row = rows.i32()[l];
    const double g = dlogp.at(l);
    c[size_t(row * v + labels.i32()[l])] += g;
    for (int64_t j = 0; j < v; j++)
      c[size_t(row * v + j)] -= g * std::exp(z[size_t(row * v + j)] - lse[size_t(row)]);
  }
  // In bf16 the probabilities may be rounded once, each by 2^-8 of itself at most.
  Values rounding(size_t(r * d));
  for (int64_t i = 0; i < r; i++)
    for (int64_t j = 0; j < v; j++)
      for (int64_t k = 0; k < d; k++) {
        if (dtype == SJ_BF16)
          rounding[size_t(i * d + k)] += std::fabs(c[size_t(i * v + j)] * w_rows.at(j, k)) / 256;
        dh[size_t(i * d + k)] += c[size_t(i * v + j)] * w_rows.at(j, k);
        grad_w[size_t(j * d + k)] += c[size_t(i * v + j)] * h.at(i, k);
      }
  auto backward = [&] {
    std::vector<Tensor> out = {start.clone(), Tensor(dtype, {r, d})};
    EXPECT(run(SJ_OP_linear_logprob_backward, {dlogp, h, w, rows, labels, s.lse, out[0], out[1]}, {"yes"}) ==
               SJ_OK,
           "%s", message.c_str());
    return out;
  };
  const auto out = backward();
  expect_close("head dh", out[1], dh, 2e-5 * (1 + std::sqrt(double(d)) * scale), round_of(dtype), rounding);
  expect_close("head grad_w", out[0], grad_w, 2e-5 * (1 + std::sqrt(double(d)) * scale), 1e-5);
  expect_thread_invariant("linear_logprob_backward", backward);
  const Tensor only(dtype, {r, d});
  run(SJ_OP_linear_logprob_backward, {dlogp, h, w, rows, labels, s.lse, {}, only}, {"yes"});
  EXPECT(only.same(out[1]), "dh with and without grad_w");

  const auto one_pass = [&] {
    const Tensor one_logp(SJ_F32, {n}), mean(SJ_F32, {r, d}), rest(SJ_F32, {r}), one_dh(dtype, {r, d});
    EXPECT(run(SJ_OP_linear_logprob_expectation, {h, w, rows, labels, one_logp, mean, rest}) == SJ_OK, "%s",
           message.c_str());
    EXPECT(run(SJ_OP_linear_logprob_expectation_backward,
               {dlogp, w, rows, labels, one_logp, mean, rest, one_dh}) == SJ_OK,
           "%s", message.c_str());
    return std::vector{one_logp, one_dh};
  };
  const auto once = one_pass();
  EXPECT(once[0].same(s.logp), "logp of the pass that prepares the gradient");
  expect_close("head dh in one pass", once[1], dh, 2e-5 * (1 + std::sqrt(double(d)) * scale), round_of(dtype),
               rounding);
  expect_thread_invariant("linear_logprob_expectation", one_pass);
  if (r > 40) {  // dh of one row alone
    const int64_t row = r / 2;
    std::vector<int32_t> mine;
    for (int64_t l = 0; l < n; l++)
      if (rows.i32()[l] == row) mine.push_back(int32_t(l));
    const int64_t m = int64_t(mine.size());
    Tensor one(dtype, {1, d}), g(SJ_F32, {m}), lse1(SJ_F32, {1});
    for (int64_t i = 0; i < m; i++) g.set(i, dlogp.at(mine[size_t(i)]));
    lse1.set(0, s.lse.at(row));
    run(SJ_OP_linear_logprob_backward,
        {g,
         h.rows(row, 1),
         w,
         Tensor::ints({m}, [](int64_t) { return 0; }),
         Tensor::ints({m}, [&](int64_t i) { return labels.i32()[mine[size_t(i)]]; }),
         lse1,
         {},
         one},
        {1});
    EXPECT(one.same(out[1].rows(row, 1)), "dh bits depend on other rows");
  }

  labels.i32()[1] = int32_t(v);
  EXPECT(run(SJ_OP_linear_logprob, {h, w, rows, labels, s.logp, s.lse}) == SJ_INVALID &&
             message.find("labels[1]") != std::string::npos,
         "%s", message.c_str());
  rows.i32()[0] = -7;
  EXPECT(run(SJ_OP_linear_logprob_backward, {dlogp, h, w, rows, labels, s.lse, {}, only}, {"yes"}) ==
                 SJ_INVALID &&
             message.find("rows[0]") != std::string::npos && message.find("-7") != std::string::npos,
         "%s", message.c_str());
}

// dh where p(label) = 1 - 1e-6 or nearer to 1: a difference of nearly equal numbers when done naively.
void near_one() {
  const int64_t v = 3000, d = 3;
  for (double gap : {10.0, 15.0, 20.0, 25.0}) {
    Tensor h(SJ_F32, {1, d}), w_rows = Tensor::random(SJ_F32, {v, d}), lse(SJ_F32, {1}), logp(SJ_F32, {1}),
                              dh(SJ_F32, {1, d});
    h.set(0, 1), h.set(1, 0.25), h.set(2, 0);
    w_rows.set(3 * 7, gap + 5);  // label 7
    const Tensor w = pack(w_rows, SJ_F32), rows = Tensor::ints({1}, [](int64_t) { return 0; });
    const Tensor label = Tensor::ints({1}, [](int64_t) { return 7; }), g = Tensor::zeros({1});
    g.set(0, 1);
    run(SJ_OP_linear_logprob, {h, w, rows, label, logp, lse});
    run(SJ_OP_linear_logprob_backward, {g, h, w, rows, label, lse, {}, dh}, {"yes"});
    const Values z = logits_of(h, w_rows);
    Values expected(3);
    double rest = 0;
    const double sum = log_sum(z.data(), v);
    for (int64_t j = 0; j < v; j++)
      if (j != 7) {
        const double p = std::exp(z[size_t(j)] - sum);
        rest += p;
        for (int64_t k = 0; k < d; k++) expected[size_t(k)] -= p * w_rows.at(j, k);
      }
    for (int64_t k = 0; k < d; k++) expected[size_t(k)] += rest * w_rows.at(7, k);
    expect_close("dh near p = 1", dh, expected, 1e-6 * rest, 1e-5);
    const Tensor mean(SJ_F32, {1, d}), its_rest(SJ_F32, {1});
    run(SJ_OP_linear_logprob_expectation, {h, w, rows, label, logp, mean, its_rest});
    run(SJ_OP_linear_logprob_expectation_backward, {g, w, rows, label, logp, mean, its_rest, dh});
    expect_close("dh near p = 1 in one pass", dh, expected, 1e-6 * rest, 1e-5);
  }
}

struct Sampled {
  Tensor tokens, logp, sampling;
};

Sampled sample(const Tensor& h, const Tensor& w, const Tensor& keys, double temperature, double top_k,
               double top_p, double min_p, double vocab_size = 0) {
  const int64_t r = h.dim(0);
  Sampled s{Tensor(SJ_I32, {r}), Tensor(SJ_F32, {r}), Tensor(SJ_F32, {r})};
  EXPECT(run(SJ_OP_linear_sample, {h, w, keys, s.tokens, s.logp, s.sampling},
             {temperature, top_k, top_p, min_p, 42, 43, vocab_size}) == SJ_OK,
         "%s", message.c_str());
  return s;
}

// The kept distribution, from logits in float64: order by (weight, lower id), filters as ops/linear_sample.h
// says.
std::map<int, double> reference(const Values& z, double temperature, int64_t top_k, double top_p,
                                double min_p) {
  std::vector<int> ids(z.size());
  for (size_t i = 0; i < ids.size(); i++) ids[i] = int(i);
  std::stable_sort(ids.begin(), ids.end(), [&](int a, int b) { return z[size_t(a)] > z[size_t(b)]; });
  auto weight = [&](int id) { return std::exp((z[size_t(id)] - z[size_t(ids[0])]) / temperature); };
  if (top_k) ids.resize(size_t(std::min<int64_t>(top_k, int64_t(ids.size()))));
  double total = 0, sum = 0;
  for (int id : ids) total += weight(id);
  size_t n = 0;
  while (n < ids.size() && (n == 0 || sum < top_p * total)) sum += weight(ids[n++]);
  ids.resize(n);
  while (ids.size() > 1 && weight(ids.back()) < min_p) ids.pop_back();
  std::map<int, double> kept;
  total = 0;
  for (int id : ids) total += weight(id);
  for (int id : ids) kept[id] = weight(id) / total;
  return kept;
}

void chi_square(double temperature, double top_k, double top_p, double min_p) {
  const int64_t v = 50, d = 4, rows = 128, calls = 200000 / rows;
  const Tensor one = Tensor::random(SJ_F32, {1, d}), w_rows = Tensor::random(SJ_F32, {v, d}),
               w = pack(w_rows, SJ_F32);
  Tensor h(SJ_F32, {rows, d});
  for (int64_t i = 0; i < rows * d; i++) h.set(i, one.at(i % d));
  const Values z = logits_of(one, w_rows);
  const auto expected = reference(z, temperature, int64_t(top_k), top_p, min_p);
  const double lse = log_sum(z.data(), v);
  std::map<int, int64_t> seen;
  for (int64_t c = 0; c < calls; c++) {
    const Tensor keys = Tensor::ints({rows, 2}, [&](int64_t i) { return i % 2 ? c : i / 2; });
    const Sampled s = sample(h, w, keys, temperature, top_k, top_p, min_p);
    for (int64_t i = 0; i < rows; i++) {
      const int token = s.tokens.i32()[i];
      seen[token]++;
      if (!expected.count(token)) {
        EXPECT(false, "token %d is not kept", token);
        return;
      }
      if (c) continue;
      EXPECT(std::fabs(s.sampling.at(i) - std::log(expected.at(token))) < 2e-5,
             "sampling_logp %g, expected %g", s.sampling.at(i), std::log(expected.at(token)));
      EXPECT(std::fabs(s.logp.at(i) - (z[size_t(token)] - lse)) < 1e-5, "logp");
    }
  }
  double chi = 0;
  for (const auto& [id, p] : expected) {
    const double e = p * double(calls * rows);
    chi += (double(seen[id]) - e) * (double(seen[id]) - e) / e;
  }
  const double freedom = double(expected.size()) - 1;
  EXPECT(chi < freedom + 4.5 * std::sqrt(2 * freedom) + 4, "chi square %.1f with %.0f degrees of freedom",
         chi, freedom);
}

void samples(sj_dtype dtype) {
  const int64_t r = 128, v = 5003, d = 64;
  const Tensor h = Tensor::random(dtype, {r, d}, 0.4), w = pack(Tensor::random(dtype, {v, d}), dtype);
  const Tensor keys = Tensor::ints({r, 2}, [](int64_t i) { return i; });
  for (const auto& [temperature, top_k, top_p, min_p] : {std::tuple{1.0, 0.0, 1.0, 0.0},
                                                         {0.7, 50.0, 0.9, 0.0},
                                                         {1.5, 0.0, 0.8, 0.02},
                                                         {0.0, 0.0, 1.0, 0.0},
                                                         {1.0, 1.0, 1.0, 0.0}}) {
    const Sampled s = sample(h, w, keys, temperature, top_k, top_p, min_p);
    // The same bits as linear_logprob, from any number of rows.
    const Scored scored = logprob(h, w, Tensor::ints({r}, [](int64_t i) { return i; }), s.tokens);
    EXPECT(scored.logp.same(s.logp), "logp differs from linear_logprob's bits");
    const Sampled t =
        sample(h.rows(77, 1), w, Tensor::ints({1, 2}, [&](int64_t i) { return keys.i32()[154 + i]; }),
               temperature, top_k, top_p, min_p);
    EXPECT(t.tokens.i32()[0] == s.tokens.i32()[77] && t.logp.f32()[0] == s.logp.f32()[77] &&
               t.sampling.f32()[0] == s.sampling.f32()[77],
           "a sampled row depends on the others");
    expect_thread_invariant("linear_sample", [&] {
      const Sampled u = sample(h, w, keys, temperature, top_k, top_p, min_p);
      return std::vector{u.tokens, u.logp, u.sampling};
    });
    if (temperature == 0 || top_k == 1)
      for (int64_t i = 0; i < r; i++) {
        const Values z = logits_of(h.rows(i, 1), [&] {
          Tensor rows(dtype, {v, d});
          run(SJ_OP_unpack, {w, rows});
          return rows;
        }());
        const double best = *std::max_element(z.begin(), z.end());
        EXPECT(z[size_t(s.tokens.i32()[i])] > best - 1e-4 && s.sampling.f32()[i] == 0, "argmax");
        if (i > 3) break;
      }
  }
}

// All weights equal: ties go to the lower id; NaN and infinities are row errors, other rows stay.
void edges() {
  const int64_t v = 200, d = 2;
  Tensor h = Tensor::zeros({4, d}), w_rows = Tensor::random(SJ_F32, {v, d});
  const Tensor keys = Tensor::ints({4, 2}, [](int64_t i) { return i; });
  for (double k : {1.0, 3.0, 150.0}) {
    const Sampled s = sample(h, pack(w_rows, SJ_F32), keys, 1, k, 1, 0);
    for (int64_t i = 0; i < 4; i++) EXPECT(s.tokens.i32()[i] < k, "top-k ties");
    EXPECT(std::fabs(s.sampling.at(0) + std::log(k)) < 1e-6, "top-k ties");
  }
  const Sampled p = sample(h, pack(w_rows, SJ_F32), keys, 1, 0, 0.1, 0);
  for (int64_t i = 0; i < 4; i++) EXPECT(p.tokens.i32()[i] < 20, "top-p ties");
  EXPECT(sample(h, pack(w_rows, SJ_F32), keys, 0, 0, 1, 0).tokens.i32()[3] == 0, "argmax ties");
  h.set(1 * d, NAN);
  h.set(2 * d, INFINITY);
  const Sampled s = sample(h, pack(w_rows, SJ_F32), keys, 1, 0, 0.9, 0.1);
  EXPECT(
      s.tokens.i32()[0] >= 0 && s.tokens.i32()[1] == -1 && s.tokens.i32()[2] == -1 && s.tokens.i32()[3] >= 0,
      "NaN rows");
  EXPECT(std::isnan(s.logp.f32()[1]), "NaN rows");
  w_rows.set(5 * d + 1, -INFINITY);  // a masked token: logit -inf in rows where h[1] > 0
  h.set(0 * d + 1, 1);
  const Tensor w = pack(w_rows, SJ_F32);
  EXPECT(sample(h, w, keys, 1, 0, 1, 0).tokens.i32()[0] >= 0, "a logit of -inf is allowed");
}

}  // namespace

void head_tests() {
  for (sj_dtype dtype : {SJ_F32, SJ_BF16}) {
    logprobs(dtype, 5, 7, 3, 1);
    logprobs(dtype, 300, 1537, 33, 1);
    logprobs(dtype, 30, 3200, 96, 0.3);
    logprobs(dtype, 20, 3000, 576, 0.2);
    samples(dtype);
  }
  logprobs(SJ_BF16, 2100, 130, 8, 1);  // more than one wave of rows
  near_one();
  edges();
  chi_square(1, 0, 1, 0);
  chi_square(0.7, 20, 0.9, 0);
  chi_square(1.3, 0, 0.8, 0.05);
  chi_square(1, 7, 1, 0.1);
}

}  // namespace selfjudge::test
