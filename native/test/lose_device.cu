// Loses the GPU of a running process, for tests: preloaded, it waits for the file that LOSE_DEVICE names,
// then runs a kernel that traps. What the process does next on the device fails, as after a hardware fault.
//   nvcc -shared -Xcompiler -fPIC lose_device.cu -o lose_device.so
//   LOSE_DEVICE=now LD_PRELOAD=./lose_device.so COMMAND & sleep 9; touch now
#include <pthread.h>
#include <unistd.h>

#include <cstdlib>

#include <cuda_runtime.h>

namespace {

__global__ void trap() { asm("trap;"); }

void* wait_for_file(void* path) {
  while (access(static_cast<const char*>(path), F_OK) != 0) usleep(1000);
  trap<<<1, 1>>>();
  cudaDeviceSynchronize();
  return nullptr;
}

__attribute__((constructor)) void start() {
  char* path = std::getenv("LOSE_DEVICE");
  pthread_t thread;
  if (path && pthread_create(&thread, nullptr, wait_for_file, path) == 0) pthread_detach(thread);
}

}  // namespace
