// pack and unpack: a weight between rows and the panels of the matrix core.
#include "../../include/ops/pack.h"
#include "gemm/panels.h"
#include "memory.h"

namespace selfjudge::cpu {

size_t workspace_pack(const sj_call&) { return 0; }

int32_t run_pack(const sj_call& call, sj_error*) {
  using namespace ops::pack;
  const sj_tensor &rows = call.tensors[ROWS], &panels = call.tensors[PANELS];
  expect_reads(panels.data, panel_bytes(panels.dtype, rows.dims[0], rows.dims[1]));
  pack_panels(rows.data, rows.dtype, panels.data, panels.dtype, rows.dims[0], rows.dims[1]);
  return SJ_OK;
}

size_t workspace_unpack(const sj_call&) { return 0; }

int32_t run_unpack(const sj_call& call, sj_error*) {
  using namespace ops::unpack;
  const sj_tensor &panels = call.tensors[PANELS], &rows = call.tensors[ROWS];
  unpack_panels(panels.data, panels.dtype, rows.data, rows.dims[0], rows.dims[1]);
  return SJ_OK;
}

}  // namespace selfjudge::cpu
