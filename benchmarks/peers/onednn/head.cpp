#include <memory>
#include "product.h"

namespace {

struct Head {
  Head(const dnnl::engine& engine, dnnl::stream& stream, Shape shape)
      : logits(engine, stream, shape, dnnl::memory::data_type::f32), labels(shape.m), logp(shape.m) {
    const auto desc = logits.y.get_desc();
    const dnnl::softmax_forward::primitive_desc what(engine, dnnl::prop_kind::forward_inference,
                                                     dnnl::algorithm::softmax_log, desc, desc, 1);
    softmax = dnnl::softmax_forward(what);
    scratch_bytes = logits.scratch_bytes + double(what.query_s64(dnnl::query::memory_consumption_s64));
    for (int64_t i = 0; i < shape.m; i++) labels[i] = scrambled(uint32_t(i), 3) % uint32_t(shape.n);
    width = shape.n;
  }
  // In place: the logits are written once and overwritten by their log-softmax.
  void operator()(dnnl::stream& stream) {
    logits(stream);
    softmax.execute(stream, {{DNNL_ARG_SRC, logits.y}, {DNNL_ARG_DST, logits.y}});
    stream.wait();
    const auto* values = static_cast<const float*>(logits.y.get_data_handle());
    for (size_t i = 0; i < labels.size(); i++) logp[i] = values[int64_t(i) * width + labels[i]];
  }

  Product logits;
  dnnl::softmax_forward softmax;
  std::vector<int64_t> labels;
  std::vector<float> logp;
  int64_t width = 0;
  double scratch_bytes = 0;
};

}  // namespace

Work head(const dnnl::engine& engine, dnnl::stream& stream, Shape shape) {
  const auto head = std::make_shared<Head>(engine, stream, shape);
  (*head)(stream);
  Work work;
  work.call = [head, &stream] { (*head)(stream); };
  for (float logp : head->logp) work.checksum += logp;
  work.extra_bytes = double(head->logits.y.get_desc().get_size()) + head->scratch_bytes;
  return work;
}
