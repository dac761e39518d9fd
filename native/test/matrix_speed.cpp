// Speed of the matrix ops on the path in use (SELFJUDGE_CPU): the best of several runs, wall time with all
// workers;
// `--one`: processor time of one worker, which a busy machine disturbs less.
#include <time.h>

#include "matrix_ops.h"

namespace selfjudge::test {
namespace {

bool one_worker = false;

double now() {
  timespec t;
  clock_gettime(one_worker ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &t);
  return double(t.tv_sec) + 1e-9 * double(t.tv_nsec);
}

// One op with its workspace allocated once, as the core runs it.
class Timed {
 public:
  Timed(sj_op op, std::vector<Tensor> tensors, std::vector<double> numbers)
      : tensors_(std::move(tensors)), numbers_(std::move(numbers)) {
    for (const Tensor& t : tensors_) raw_.push_back(t.raw());
    call_ = {sizeof(sj_call),
             uint32_t(op),
             raw_.data(),
             uint32_t(raw_.size()),
             numbers_.data(),
             uint32_t(numbers_.size()),
             nullptr,
             nullptr,
             0,
             nullptr};
    call_.workspace_bytes = backend->workspace(&call_);
    call_.workspace = backend->alloc(call_.workspace_bytes);
  }
  ~Timed() { backend->free(call_.workspace, call_.workspace_bytes); }
  size_t workspace() const { return call_.workspace_bytes; }
  void before(const sj_tensor* weight) { call_.next_weight = weight; }
  void run() const {
    sj_error error{};
    if (backend->run(&call_, &error) != SJ_OK) std::printf("%s\n", error.message);
  }
  double best_seconds() {
    double best = 1e9, total = 0;
    for (int i = 0; i < 5 || (total < 0.15 && i < 2000); i++) {
      const double start = now();
      run();
      const double s = now() - start;
      best = std::min(best, s);
      total += s;
    }
    return best;
  }

 private:
  std::vector<Tensor> tensors_;
  std::vector<double> numbers_;
  std::vector<sj_tensor> raw_;
  sj_call call_;
};

void linear_speed(sj_dtype dtype) {
  for (const auto& [k, n] : {std::pair<int64_t, int64_t>{576, 576}, {576, 1536}, {1536, 576}, {576, 49152}}) {
    const Tensor w = pack(Tensor::random(dtype, {n, k}), dtype);
    for (int64_t m : {1, 8, 16, 32, 64, 512, 2048}) {
      if (n > 9999 && m > 512) continue;
      const Tensor x = Tensor::random(dtype, {m, k}), y(dtype, {m, n});
      Timed op(SJ_OP_linear, {x, w, {}, {}, {}, {}, {}, {}, {}, y, {}, {}}, std::vector<double>(13));
      const double s = op.best_seconds(), flops = 2.0 * double(m * n * k);
      std::printf("linear %s %lldx%lld M=%lld: %.3f ms, %.0f GF/s, weights %.1f GB/s\n",
                  dtype == SJ_BF16 ? "bf16" : "f32", (long long)k, (long long)n, (long long)m, s * 1e3,
                  flops / s * 1e-9, double(w.bytes()) / s * 1e-9);
    }
  }
}

// The products of a decode step of SmolLM2-135M, head left out: each weight comes from memory.
void decode_speed() {
  const std::pair<int64_t, int64_t> layer[] = {{576, 576},  {576, 192},  {576, 192}, {576, 576},
                                               {576, 1536}, {576, 1536}, {1536, 576}};
  std::vector<Tensor> weights;
  size_t bytes = 0;
  for (int l = 0; l < 30; l++)
    for (const auto& [k, n] : layer) {
      weights.push_back(Tensor(SJ_BF16, {n, k}, SJ_PANELS));
      std::memset(weights.back().raw().data, 0x3c, weights.back().bytes());
      bytes += weights.back().bytes();
    }
  for (int64_t m : {1, 8, 16}) {
    std::vector<std::unique_ptr<Timed>> ops;
    for (const Tensor& w : weights)
      ops.push_back(std::make_unique<Timed>(SJ_OP_linear,
                                            std::vector<Tensor>{Tensor::random(SJ_BF16, {m, w.dim(1)}),
                                                                w,
                                                                {},
                                                                {},
                                                                {},
                                                                {},
                                                                {},
                                                                {},
                                                                {},
                                                                Tensor(SJ_BF16, {m, w.dim(0)}),
                                                                {},
                                                                {}},
                                            std::vector<double>(13)));
    for (const bool ahead : {false, true, false, true}) {
      for (size_t i = 0; i < ops.size(); i++)
        ops[i]->before(ahead ? &weights[(i + 1) % weights.size()].raw() : nullptr);
      std::vector<double> times;
      for (int pass = 0; pass < 15; pass++) {
        const double start = now();
        for (const auto& op : ops) op->run();
        times.push_back(now() - start);
      }
      std::sort(times.begin(), times.end());
      std::printf("decode step's products M=%lld, %s: median %.2f ms, weights %.1f GB/s\n", (long long)m,
                  ahead ? "next weight known" : "alone", times[7] * 1e3, double(bytes) / times[7] * 1e-9);
    }
  }
}

void backward_speed() {
  const int64_t t = 2048, k = 576, n = 1536, r = 8;
  const Tensor x = Tensor::random(SJ_BF16, {t, k}), w = pack(Tensor::random(SJ_BF16, {n, k}), SJ_BF16);
  const Tensor a = Tensor::random(SJ_F32, {r, k}), b = Tensor::random(SJ_F32, {n, r}), xa(SJ_F32, {t, r});
  const Tensor y(SJ_BF16, {t, n}), dx(SJ_BF16, {t, k}), dy = Tensor::random(SJ_BF16, {t, n});
  const Tensor keys = Tensor::ints({t, 2}, [](int64_t i) { return i; });
  const double gemm = 2e-9 * double(t * k * n);
  for (double p : {0.0, 0.1}) {
    const std::vector<double> numbers = {2, 0, double(t), p, 3, 0, 0, 0, 0, 0, 1, 2, 0};
    Timed forward(SJ_OP_linear, {x, w, {}, keys, a, b, {}, {}, {}, y, xa, {}}, numbers);
    auto more = numbers;
    more.back() = 1;
    Timed backward(SJ_OP_linear_backward,
                   {dy,
                    x,
                    w,
                    keys,
                    a,
                    b,
                    xa,
                    {},
                    {},
                    {},
                    {},
                    {},
                    Tensor::zeros({r, k}),
                    Tensor::zeros({n, r}),
                    {},
                    {},
                    dx},
                   more);
    const double f = forward.best_seconds(), g = backward.best_seconds();
    std::printf(
        "LoRA r 8 dropout %.1f, 576x1536 M=2048: forward %.2f ms (%.0f GF/s of W), backward %.2f ms (%.0f)\n",
        p, f * 1e3, gemm / f, g * 1e3, gemm / g);
  }
  auto numbers = std::vector<double>(13);
  numbers.back() = 1;
  Timed full(SJ_OP_linear_backward,
             {dy, x, w, {}, {}, {}, {}, {}, {}, {}, Tensor::zeros({n, k}), {}, {}, {}, {}, {}, dx}, numbers);
  const double s = full.best_seconds();
  std::printf("full backward (dx, grad_w) 576x1536 M=2048: %.2f ms, %.0f GF/s\n", s * 1e3, 2 * gemm / s);
}

void head_speed() {
  const int64_t d = 576, v = 49152;
  const Tensor w = pack(Tensor::random(SJ_BF16, {v, d}, 0.06), SJ_BF16);
  for (int64_t r : {1, 8, 64, 512, 2048}) {
    const Tensor h = Tensor::random(SJ_BF16, {r, d}), logp(SJ_F32, {r}), lse(SJ_F32, {r}),
                 dh(SJ_BF16, {r, d});
    const Tensor rows = Tensor::ints({r}, [](int64_t i) { return i; }),
                 labels = Tensor::ints({r}, [&](int64_t) { return below(v); });
    Timed forward(SJ_OP_linear_logprob, {h, w, rows, labels, logp, lse}, {});
    const double gemm = 2e-9 * double(r * d * v), f = forward.best_seconds();
    std::printf("linear_logprob R=%lld: %.2f ms, %.0f GF/s, workspace %.1f MB\n", (long long)r, f * 1e3,
                gemm / f, double(forward.workspace()) * 1e-6);
    if (r >= 512) {
      Timed backward(SJ_OP_linear_logprob_backward,
                     {Tensor::random(SJ_F32, {r}), h, w, rows, labels, lse, {}, dh}, {1});
      const double b = backward.best_seconds();
      std::printf("linear_logprob_backward R=%lld: %.2f ms, %.0f GF/s (2 products), workspace %.1f MB\n",
                  (long long)r, b * 1e3, 2 * gemm / b, double(backward.workspace()) * 1e-6);
    }
    if (r >= 512) {
      Timed once(SJ_OP_linear_logprob_expectation,
                 {h, w, rows, labels, logp, Tensor(SJ_F32, {r, d}), Tensor(SJ_F32, {r})}, {});
      const double o = once.best_seconds();
      std::printf("linear_logprob_expectation R=%lld: %.2f ms, %.0f GF/s (2 products), workspace %.1f MB\n",
                  (long long)r, o * 1e3, 2 * gemm / o, double(once.workspace()) * 1e-6);
    }
    if (r > 128) continue;
    const Tensor keys = Tensor::ints({r, 2}, [](int64_t i) { return i; }), tokens(SJ_I32, {r}),
                 logp2(SJ_F32, {r});
    for (double top_p : {1.0, 0.9}) {
      Timed sample(SJ_OP_linear_sample, {h, w, keys, tokens, logp, logp2}, {1, 0, top_p, 0, 1, 2});
      std::printf("linear_sample R=%lld top_p %.1f: %.2f ms\n", (long long)r, top_p,
                  sample.best_seconds() * 1e3);
    }
  }
}

}  // namespace
}  // namespace selfjudge::test

int main(int argc, char** argv) {
  using namespace selfjudge;
  test::one_worker = argc > 1 && !std::strcmp(argv[1], "--one");
  if (test::one_worker) cpu::set_worker_limit(1);
  sj_error error{};
  test::backend = sj_cpu_backend(nullptr, &error);
  if (!test::backend) return std::printf("%s\n", error.message), 1;
  std::printf("%s, %d workers\n", test::backend->path(), test::one_worker ? 1 : cpu::worker_count());
  if (argc > 1 && !std::strcmp(argv[1], "--decode")) return test::decode_speed(), 0;
  test::linear_speed(SJ_BF16);
  test::linear_speed(SJ_F32);
  test::backward_speed();
  test::head_speed();
}
