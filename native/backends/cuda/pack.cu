// pack and unpack (ops/pack.h): on this backend a packed weight is its rows, so both are casts or copies.
#include "../../include/ops/pack.h"
#include "cast.cuh"

namespace selfjudge::cuda {

size_t workspace_pack(const sj_call&) { return 0; }
int32_t run_pack(const sj_call& call, Context& context, sj_error* error) {
  using namespace ops::pack;
  return with_float_type(call, ROWS, [&]<class X>(X) {
    return with_float_type(call, PANELS, [&]<class Y>(Y) {
      return cast_values(context, data<const X>(call, ROWS), data<Y>(call, PANELS), elements(call, ROWS),
                         error);
    });
  });
}

size_t workspace_unpack(const sj_call&) { return 0; }
int32_t run_unpack(const sj_call& call, Context& context, sj_error* error) {
  using namespace ops::unpack;
  const size_t bytes = elements(call, PANELS) * element_bytes(call, PANELS);
  return context.copy(data<void>(call, ROWS), data<const void>(call, PANELS), bytes, error);
}

}  // namespace selfjudge::cuda
