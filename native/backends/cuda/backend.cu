// The CUDA backend's table of functions. Compiled by nvcc it is the run-time module selfjudge_cuda.so;
// compiled by the host compiler over the SIMT shim it is the same module for tests without a GPU.
#include "../../include/backend.h"

#include <cstdio>
#include <exception>
#include <new>

#include "../arguments.h"
#include "context.h"
#include "device.h"
#include "ops.h"

namespace selfjudge::cuda {

namespace {

struct Op {
  int32_t (*run)(const sj_call&, Context&, sj_error*);
  size_t (*workspace)(const sj_call&);
};

constexpr Op kOps[SJ_OP_COUNT] = {
#define SJ_OP_ROW(stem) {run_##stem, workspace_##stem},
    SJ_OPS(SJ_OP_ROW)
#undef SJ_OP_ROW
};

// A packed weight is its rows: tensor cores read K-contiguous operands as they are.
size_t panel_bytes(int32_t dtype, int64_t n, int64_t k) {
  return size_t(n) * size_t(k) * (dtype == SJ_BF16 ? 2 : 4);
}

int32_t copy_in(void* device, const void* host, size_t bytes, sj_error* error) {
  Context* context = Context::of_thread(error);
  return context ? context->upload(device, host, bytes, error) : error->code;
}

int32_t copy_out(void* host, const void* device, size_t bytes, sj_error* error) {
  Context* context = Context::of_thread(error);
  return context ? context->download(host, device, bytes, error) : error->code;
}

size_t workspace(const sj_call* call) { return call->op < SJ_OP_COUNT ? kOps[call->op].workspace(*call) : 0; }

#ifndef __CUDACC__
// Memory comes in multiples of 64 bytes: over the shim what lies between an output's end and the next
// multiple is marked, so that a kernel that writes past its tensor is found.
struct OutputSpec {
  const TensorSpec* tensors;
  size_t count;
};
constexpr OutputSpec kOutputs[] = {
#define SJ_OUTPUT_ROW(stem) {ops::stem::spec.tensors, ops::stem::spec.n_tensors},
    SJ_OPS(SJ_OUTPUT_ROW)
#undef SJ_OUTPUT_ROW
};

template <class F>
void for_each_slack(const sj_call& call, F&& f) {
  const OutputSpec& spec = kOutputs[call.op];
  for (size_t i = 0; i < spec.count; i++) {
    const sj_tensor& tensor = call.tensors[i];
    if (spec.tensors[i].role != Role::Out || !tensor.data) continue;
    const size_t bytes = size_t(elements(call, int(i))) * element_bytes(call, int(i));
    for (size_t at = bytes; at % 64; at++)
      f(spec.tensors[i].name, static_cast<unsigned char*>(tensor.data)[at]);
  }
}
#endif

int32_t run_checked(const sj_call& call, Context& context, sj_error* error) {
#ifndef __CUDACC__
  constexpr unsigned char kMark = 0xa5;
  for_each_slack(call, [](const char*, unsigned char& byte) { byte = kMark; });
#endif
  const int32_t code = kOps[call.op].run(call, context, error);
#ifndef __CUDACC__
  const char* overrun = nullptr;
  for_each_slack(call, [&](const char* name, unsigned char& byte) {
    if (byte != kMark) overrun = name;
  });
  if (code == SJ_OK && overrun)
    return fail(error, SJ_INTERNAL, "[cuda] op %u writes past the end of %s", call.op, overrun);
#endif
  return code;
}

int32_t run(const sj_call* call, sj_error* error) {
  if (call->op >= SJ_OP_COUNT) {
    return fail(error, SJ_UNSUPPORTED, "[cuda] op: expected 0 .. %d, received %u", int(SJ_OP_COUNT) - 1,
                call->op);
  }
  try {
    Context* context = Context::of_thread(error);
    return context ? run_checked(*call, *context, error) : error->code;
  } catch (const std::bad_alloc&) {
    return fail(error, SJ_OUT_OF_MEMORY, "[cuda] op %u: out of host memory", call->op);
  } catch (const std::exception& e) {  // the shim's findings
    return fail(error, SJ_INTERNAL, "[cuda] op %u: %.400s", call->op, e.what());
  }
}

int32_t sync(sj_error* error) {
  Context* context = Context::of_thread(error);
  return context ? context->sync(error) : error->code;
}

int32_t record_begin(sj_error* error) {
  Context* context = Context::of_thread(error);
  return context ? context->record_begin(error) : error->code;
}

int32_t record_end(void** recording, sj_error* error) {
  Context* context = Context::of_thread(error);
  return context ? context->record_end(recording, error) : error->code;
}

int32_t replay(void* recording, sj_error* error) {
  Context* context = Context::of_thread(error);
  return context ? context->replay(recording, error) : error->code;
}

#ifdef __CUDACC__
constexpr bool kRecords = true;
#else
constexpr bool kRecords = false;  // the shim launches at once
#endif

const sj_backend kBackend = {
    SJ_ABI_VERSION,
    sizeof(sj_backend),
    "cuda",
    device_path,
    describe_device,
    1,
    panel_bytes,
    device_alloc,
    device_free,
    copy_in,
    copy_out,
    workspace,
    run,
    sync,
    kRecords ? record_begin : nullptr,
    kRecords ? record_end : nullptr,
    kRecords ? replay : nullptr,
    kRecords ? Context::free_recording : nullptr,
};

}  // namespace
}  // namespace selfjudge::cuda

extern "C" [[gnu::visibility("default")]] const sj_backend* sj_cuda_backend(int32_t device, sj_error* error) {
  return selfjudge::cuda::open_device(device, error) == SJ_OK ? &selfjudge::cuda::kBackend : nullptr;
}
