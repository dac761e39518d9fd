#include "context.h"

#include <algorithm>
#include <cinttypes>
#include <cstring>
#include <unordered_map>

#include "../../include/ops.h"
#include "device.h"

namespace selfjudge::cuda {
namespace {

struct OpSpec {
  const char* name;
  const TensorSpec* tensors;
};
constexpr OpSpec kSpecs[] = {
#define SJ_SPEC_ROW(stem) {ops::stem::spec.op, ops::stem::spec.tensors},
    SJ_OPS(SJ_SPEC_ROW)
#undef SJ_SPEC_ROW
};

// The words of the CPU backend for the same fault.
int32_t report(FaultRecord& record, sj_error* error) {
  const FaultRecord f = record;
  record.state = 0;
  error->earlier = f.op + 1;
  const OpSpec& op = kSpecs[f.op];
  char column[16] = "";
  if (f.column >= 0) std::snprintf(column, sizeof column, ", %d", f.column);
  return fail(error, SJ_INVALID,
              "[%s] %s[%" PRId64 "%s]: expected %" PRId64 " .. %" PRId64 ", received %" PRId64, op.name,
              op.tensors[f.tensor].name, f.index, column, f.low, f.high, f.value);
}

}  // namespace

#ifdef __CUDACC__

namespace {

// Names the call and what to do; a device that is lost stays lost for this process.
int32_t cuda_failed(const char* call, cudaError_t code, sj_error* error) {
  if (code == cudaErrorMemoryAllocation) {
    return fail(error, SJ_OUT_OF_MEMORY, "[cuda] %s: out of device memory", call);
  }
  return fail(error, SJ_INTERNAL,
              "[cuda] %s: %s (%s); if it stays, this process has lost the device: start it again", call,
              cudaGetErrorString(code), cudaGetErrorName(code));
}

#define SJ_CUDA(call)                                           \
  if (const cudaError_t code_ = (call); code_ != cudaSuccess) { \
    return cuda_failed(#call, code_, error);                    \
  }

// Two halves of pinned memory that copies take turns in: one fills while the other is under way.
constexpr size_t kStaging = size_t{4} << 20;

}  // namespace

struct Context::State {
  cudaStream_t stream = nullptr;
  FaultRecord *record = nullptr, *record_on_device = nullptr;
  char* staging = nullptr;
  cudaEvent_t half_is_free[2] = {};
  size_t used = 0;
  int half = 0, multiprocessors = 0;
  bool recording = false;
  std::unordered_map<const void*, size_t> smem;  // what each kernel has been allowed

  ~State() {
    // At the end of a process the runtime may be gone already: its errors no longer matter.
    if (stream) cudaStreamDestroy(stream);
    for (cudaEvent_t event : half_is_free) {
      if (event) cudaEventDestroy(event);
    }
    if (record) cudaFreeHost(record);
    if (staging) cudaFreeHost(staging);
  }

  int32_t open(sj_error* error) {
    SJ_CUDA(cudaSetDevice(chosen_device()));
    SJ_CUDA(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    SJ_CUDA(cudaHostAlloc(reinterpret_cast<void**>(&record), sizeof *record, cudaHostAllocMapped));
    std::memset(record, 0, sizeof *record);
    SJ_CUDA(cudaHostGetDevicePointer(reinterpret_cast<void**>(&record_on_device), record, 0));
    SJ_CUDA(cudaHostAlloc(reinterpret_cast<void**>(&staging), 2 * kStaging, cudaHostAllocDefault));
    for (cudaEvent_t& event : half_is_free) SJ_CUDA(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
    SJ_CUDA(cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, chosen_device()));
    return SJ_OK;
  }

  // A place for `bytes` <= kStaging in pinned memory that no copy is reading.
  int32_t reserve(size_t bytes, char** place, sj_error* error) {
    if (used + bytes > kStaging) {
      SJ_CUDA(cudaEventRecord(half_is_free[half], stream));
      half ^= 1;
      used = 0;
      SJ_CUDA(cudaEventSynchronize(half_is_free[half]));
    }
    *place = staging + half * kStaging + used;
    used += (bytes + 63) / 64 * 64;
    return SJ_OK;
  }
};

Context* Context::of_thread(sj_error* error) {
  thread_local std::unique_ptr<Context> own;
  if (own) return own.get();
  std::unique_ptr<Context> made(new Context);
  made->state_ = std::make_unique<State>();
  if (made->state_->open(error) != SJ_OK) return nullptr;
  own = std::move(made);
  return own.get();
}

Stream Context::stream() const { return state_->stream; }
FaultRecord* Context::faults() const { return state_->record_on_device; }
int Context::multiprocessors() const { return state_->multiprocessors; }

int32_t Context::upload(void* device, const void* host, size_t bytes, sj_error* error) {
  if (state_->recording) {
    return fail(error, SJ_UNSUPPORTED,
                "[cuda] an op that brings host data along cannot be part of a Program");
  }
  for (size_t at = 0; at < bytes;) {
    const size_t piece = std::min(bytes - at, kStaging);
    char* place = nullptr;
    if (const int32_t code = state_->reserve(piece, &place, error)) return code;
    std::memcpy(place, static_cast<const char*>(host) + at, piece);
    SJ_CUDA(cudaMemcpyAsync(static_cast<char*>(device) + at, place, piece, cudaMemcpyHostToDevice,
                            state_->stream));
    at += piece;
  }
  return SJ_OK;
}

int32_t Context::download(void* host, const void* device, size_t bytes, sj_error* error) {
  for (size_t at = 0; at < bytes;) {
    const size_t piece = std::min(bytes - at, kStaging);
    char* place = nullptr;
    if (const int32_t code = state_->reserve(piece, &place, error)) return code;
    SJ_CUDA(cudaMemcpyAsync(place, static_cast<const char*>(device) + at, piece, cudaMemcpyDeviceToHost,
                            state_->stream));
    if (const int32_t code = sync(error)) return code;
    std::memcpy(static_cast<char*>(host) + at, place, piece);
    at += piece;
  }
  return bytes ? SJ_OK : sync(error);
}

int32_t Context::sync(sj_error* error) {
  SJ_CUDA(cudaStreamSynchronize(state_->stream));
  return state_->record->state ? report(*state_->record, error) : SJ_OK;
}

int32_t Context::copy(void* to, const void* from, size_t bytes, sj_error* error) {
  SJ_CUDA(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, state_->stream));
  return SJ_OK;
}

int32_t Context::fill_bytes(void* device, int value, size_t bytes, sj_error* error) {
  SJ_CUDA(cudaMemsetAsync(device, value, bytes, state_->stream));
  return SJ_OK;
}

void Context::allow_smem(const void* kernel, size_t bytes) {
  size_t& allowed = state_->smem[kernel];
  if (bytes <= allowed) return;
  allowed = bytes;
  cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, int(bytes));  // the launch tells
}

int32_t Context::launched(sj_error* error) {
  SJ_CUDA(cudaGetLastError());
  return SJ_OK;
}

int32_t Context::record_begin(sj_error* error) {
  // Thread local: other threads go on allocating meanwhile.
  SJ_CUDA(cudaStreamBeginCapture(state_->stream, cudaStreamCaptureModeThreadLocal));
  state_->recording = true;
  return SJ_OK;
}

int32_t Context::record_end(void** recording, sj_error* error) {
  state_->recording = false;
  cudaGraph_t graph = nullptr;
  SJ_CUDA(cudaStreamEndCapture(state_->stream, &graph));
  cudaGraphExec_t executable = nullptr;
  const cudaError_t code = cudaGraphInstantiate(&executable, graph, 0);
  cudaGraphDestroy(graph);
  SJ_CUDA(code);
  *recording = executable;
  return SJ_OK;
}

int32_t Context::replay(void* recording, sj_error* error) {
  SJ_CUDA(cudaGraphLaunch(static_cast<cudaGraphExec_t>(recording), state_->stream));
  return SJ_OK;
}

void Context::free_recording(void* recording) {
  sj_error error;
  if (Context* context = of_thread(&error)) cudaStreamSynchronize(context->state_->stream);
  cudaGraphExecDestroy(static_cast<cudaGraphExec_t>(recording));
}

#else

struct Context::State {
  FaultRecord record{};
};

Context* Context::of_thread(sj_error*) {
  thread_local std::unique_ptr<Context> own;
  if (!own) {
    own.reset(new Context);
    own->state_ = std::make_unique<State>();
  }
  return own.get();
}

Stream Context::stream() const { return 0; }
FaultRecord* Context::faults() const { return &state_->record; }
int Context::multiprocessors() const { return 4; }

int32_t Context::upload(void* device, const void* host, size_t bytes, sj_error*) {
  std::memcpy(device, host, bytes);
  return SJ_OK;
}

int32_t Context::download(void* host, const void* device, size_t bytes, sj_error* error) {
  if (const int32_t code = sync(error)) return code;
  std::memcpy(host, device, bytes);
  return SJ_OK;
}

int32_t Context::sync(sj_error* error) {
  return state_->record.state ? report(state_->record, error) : SJ_OK;
}

int32_t Context::copy(void* to, const void* from, size_t bytes, sj_error*) {
  std::memcpy(to, from, bytes);
  return SJ_OK;
}

int32_t Context::fill_bytes(void* device, int value, size_t bytes, sj_error*) {
  std::memset(device, value, bytes);
  return SJ_OK;
}

int32_t Context::record_begin(sj_error*) { return SJ_UNSUPPORTED; }
int32_t Context::record_end(void**, sj_error*) { return SJ_UNSUPPORTED; }
int32_t Context::replay(void*, sj_error*) { return SJ_UNSUPPORTED; }
void Context::free_recording(void*) {}

#endif

Context::~Context() = default;

}  // namespace selfjudge::cuda
