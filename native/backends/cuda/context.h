// What an op's host code gets beside its call: the stream to launch on, where kernels report faults, and a
// way to bring host data along. One context a host thread: each stream thread of the core has its own CUDA
// stream.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "../../include/backend.h"
#include "../fail.h"
#include "fault.h"
#include "kernel.h"

namespace selfjudge::cuda {

#ifdef __CUDACC__
using Stream = cudaStream_t;
#else
using Stream = int;
#endif

class Context {
 public:
  // The calling thread's. Null with *error filled where the device is lost or memory is out.
  static Context* of_thread(sj_error* error);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  Stream stream() const;
  FaultRecord* faults() const;  // as kernels see it
  int multiprocessors() const;

  // Device memory gets these host bytes, in stream order; the host bytes are free at return (pinned staging).
  int32_t upload(void* device, const void* host, size_t bytes, sj_error* error);
  // Host memory gets these device bytes: waits for the stream.
  int32_t download(void* host, const void* device, size_t bytes, sj_error* error);
  // Waits for the stream, then reports what a kernel found wrong in its data, once.
  int32_t sync(sj_error* error);
  int32_t copy(void* to, const void* from, size_t bytes,
               sj_error* error);  // within the device, in stream order
  int32_t fill_bytes(void* device, int value, size_t bytes, sj_error* error);

  // Launches between begin and end become a CUDA graph; replay launches it whole.
  int32_t record_begin(sj_error* error);
  int32_t record_end(void** recording, sj_error* error);
  int32_t replay(void* recording, sj_error* error);
  static void free_recording(void* recording);

  // SJ_OK, or the launch's own error. `smem`: dynamic shared memory, in bytes.
  template <class... P, class... A>
  int32_t launch(void (*kernel)(P...), dim3 grid, dim3 block, size_t smem, sj_error* error, A&&... args) {
#ifdef __CUDACC__
    if (smem > 48 * 1024) allow_smem(reinterpret_cast<const void*>(kernel), smem);
    kernel<<<grid, block, smem, stream()>>>(static_cast<P>(std::forward<A>(args))...);
    return launched(error);
#else
    (void)error;
    simt::launch(kernel, grid, block, smem, static_cast<P>(std::forward<A>(args))...);
    return SJ_OK;
#endif
  }

 private:
  Context() = default;
  void allow_smem(const void* kernel, size_t bytes);
  int32_t launched(sj_error* error);
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace selfjudge::cuda
