// The CUDA backend's table of functions. Compiled by nvcc it is the run-time module selfjudge_cuda.so;
// compiled by the host compiler over the SIMT shim it is the same module for tests without a GPU.
#include "../../include/backend.h"

#include <cstdarg>
#include <cstdio>
#include <exception>
#include <new>

#include "context.h"
#include "device.h"
#include "ops.h"

namespace selfjudge::cuda {

int32_t fail(sj_error* error, sj_code code, const char* format, ...) {
  if (error) {
    error->code = code;
    va_list args;
    va_start(args, format);
    std::vsnprintf(error->message, sizeof error->message, format, args);
    va_end(args);
  }
  return code;
}

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

int32_t run(const sj_call* call, sj_error* error) {
  if (call->op >= SJ_OP_COUNT) {
    return fail(error, SJ_UNSUPPORTED, "[cuda] op: expected 0 .. %d, received %u", int(SJ_OP_COUNT) - 1,
                call->op);
  }
  try {
    Context* context = Context::of_thread(error);
    return context ? kOps[call->op].run(*call, *context, error) : error->code;
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
