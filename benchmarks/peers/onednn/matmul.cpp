#include <memory>
#include "product.h"

Work matmul(const dnnl::engine& engine, dnnl::stream& stream, Shape shape) {
  const auto product = std::make_shared<Product>(engine, stream, shape, dnnl::memory::data_type::bf16);
  Work work;
  // On the CPU a stream is in order and a primitive has run when execute returns; waiting costs nothing.
  work.call = [product, &stream] {
    (*product)(stream);
    stream.wait();
  };
  work.call();
  const auto* y = static_cast<const uint16_t*>(product->y.get_data_handle());
  for (int64_t i = 0; i < shape.m * shape.n; i++) work.checksum += double(widened(y[i])) * double(1 + i % 31);
  work.extra_bytes = product->scratch_bytes;
  return work;
}
