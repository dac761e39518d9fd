// The CPU backend's table of functions. Memory is host memory; ops run on the calling (stream) thread and the
// pool.
#include "../../include/backend.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <string>

#include "features.h"
#include "gemm/panels.h"
#include "highway_targets.h"
#include "memory.h"
#include "ops.h"
#include "thread_pool.h"

namespace selfjudge::cpu {

namespace {

struct Op {
  int32_t (*run)(const sj_call&, sj_error*);
  size_t (*workspace)(const sj_call&);
};

constexpr Op kOps[SJ_OP_COUNT] = {
#define SJ_OP_ROW(stem) {run_##stem, workspace_##stem},
    SJ_OPS(SJ_OP_ROW)
#undef SJ_OP_ROW
};

int32_t copy(void* to, const void* from, size_t bytes, sj_error*) {
  if (bytes) std::memcpy(to, from, bytes);
  return SJ_OK;
}

size_t workspace(const sj_call* call) { return call->op < SJ_OP_COUNT ? kOps[call->op].workspace(*call) : 0; }

int32_t run(const sj_call* call, sj_error* error) {
  if (call->op >= SJ_OP_COUNT)
    return fail(error, SJ_UNSUPPORTED, "[cpu] op: expected 0 .. %d, received %u", int(SJ_OP_COUNT) - 1,
                call->op);
  try {
    return kOps[call->op].run(*call, error);
  } catch (const std::bad_alloc&) {
    return fail(error, SJ_OUT_OF_MEMORY, "[cpu] op %u: out of host memory", call->op);
  } catch (const std::exception& e) {
    return fail(error, SJ_INTERNAL, "[cpu] op %u: %.400s", call->op, e.what());
  }
}

const char* describe() {
  static const std::string text = "CPU, " + std::to_string(worker_count()) + " threads";
  return text.c_str();
}

int32_t sync(sj_error*) { return SJ_OK; }  // run returns when the work is done

const sj_backend kBackend = {
    SJ_ABI_VERSION,
    sizeof(sj_backend),
    "cpu",
    [] { return path_name(current_path()); },
    describe,
    0,
    panel_bytes,
    allocate,
    release,
    copy,
    copy,
    workspace,
    run,
    sync,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
};

}  // namespace
}  // namespace selfjudge::cpu

extern "C" const sj_backend* sj_cpu_backend(const char* path, sj_error* error) {
  using namespace selfjudge::cpu;
  if (select_path(path, error) != SJ_OK) return nullptr;
  restrict_highway(path_name(current_path()));
  return &kBackend;
}
