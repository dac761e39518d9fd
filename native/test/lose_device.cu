// Loses the GPU of a running process, for tests: preloaded, it waits for SIGUSR2, then runs a kernel that
// traps. What the process does next on the device fails, as after a hardware fault.
//   nvcc -shared -Xcompiler -fPIC lose_device.cu -o lose_device.so; LD_PRELOAD=./lose_device.so COMMAND; kill
//   -USR2 PID
#include <pthread.h>
#include <signal.h>

#include <cuda_runtime.h>

namespace {

__global__ void trap() { asm("trap;"); }

void* wait_for_signal(void* signals) {
  int received = 0;
  sigwait(static_cast<sigset_t*>(signals), &received);
  trap<<<1, 1>>>();
  cudaDeviceSynchronize();
  return nullptr;
}

__attribute__((constructor)) void start() {
  static sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGUSR2);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // in every thread made from now on
  pthread_t thread;
  pthread_create(&thread, nullptr, wait_for_signal, &signals);
  pthread_detach(thread);
}

}  // namespace
