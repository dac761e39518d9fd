#include "device.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include "context.h"

namespace selfjudge::cuda {
namespace {

std::mutex mutex;
int chosen = -1;
char path[16], description[640];

// What the driver says, before the device is used.
struct Found {
  int driver = 0, runtime = 0, count = 0;  // versions as CUDA writes them: 13000 is 13.0
  const char* why_none = "the driver lists none";
  char name[256] = "";
  int major = 0, minor = 0;
};

// SJ_OK when the kernels can run on device `index`.
int32_t check(const Found& found, int index, sj_error* error) {
  if (found.driver == 0) {
    return fail(error, SJ_UNSUPPORTED,
                "no NVIDIA driver was found (libcuda.so.1); install the driver, or use device cpu");
  }
  if (found.driver / 1000 < found.runtime / 1000) {
    return fail(error, SJ_UNSUPPORTED,
                "the NVIDIA driver supports CUDA %d.%d, this module was built with %d.%d; update the driver "
                "to one of CUDA %d.0 or later, or build with an older nvcc",
                found.driver / 1000, found.driver % 1000 / 10, found.runtime / 1000,
                found.runtime % 1000 / 10, found.runtime / 1000);
  }
  if (found.count == 0) {
    return fail(error, SJ_UNSUPPORTED,
                "no CUDA device can be used: %s; look at nvidia-smi and CUDA_VISIBLE_DEVICES",
                found.why_none);
  }
  if (index < 0 || index >= found.count) {
    return fail(
        error, SJ_UNSUPPORTED,
        "CUDA device %d does not exist: the driver lists %d, numbered from 0; of the processes of a job "
        "on one machine each takes one of its own: start no more than there are, or use device cpu",
        index, found.count);
  }
  if (found.major < 8) {
    return fail(error, SJ_UNSUPPORTED,
                "%s has compute capability %d.%d; the kernels need 8.0 (Ampere) or later: use device cpu",
                found.name, found.major, found.minor);
  }
  return SJ_OK;
}

}  // namespace

const char* device_path() { return path; }
const char* describe_device() { return description; }

#ifdef __CUDACC__

int32_t open_device(int32_t index, sj_error* error) {
  std::lock_guard lock(mutex);
  if (chosen == index) return SJ_OK;
  if (chosen >= 0) {
    return fail(error, SJ_UNSUPPORTED,
                "this process already computes on CUDA device %d; use another process for device %d", chosen,
                index);
  }
  Found found;
  cudaDeviceProp properties{};
  cudaRuntimeGetVersion(&found.runtime);
  if (cudaDriverGetVersion(&found.driver) != cudaSuccess) found.driver = 0;
  if (const cudaError_t code = cudaGetDeviceCount(&found.count); code != cudaSuccess) {
    found.count = 0;
    found.why_none = cudaGetErrorString(code);
  }
  cudaError_t code = cudaSuccess;
  if (index >= 0 && index < found.count) code = cudaGetDeviceProperties(&properties, index);
  if (code == cudaSuccess) {
    std::snprintf(found.name, sizeof found.name, "%s", properties.name);
    found.major = properties.major;
    found.minor = properties.minor;
    if (check(found, index, error) != SJ_OK) return SJ_UNSUPPORTED;
    code = cudaSetDevice(index);
  }
  if (code == cudaSuccess) code = cudaFree(nullptr);  // makes the context: a busy exclusive device shows here
  if (code != cudaSuccess) {
    return fail(error, SJ_UNSUPPORTED, "CUDA device %d cannot be used: %s; is another process holding it?",
                index, cudaGetErrorString(code));
  }
  chosen = index;
  std::snprintf(path, sizeof path, properties.major == 9 ? "sm_90a" : "sm_%d%d", properties.major,
                properties.minor);
  std::snprintf(description, sizeof description,
                "%s, compute capability %d.%d, %.0f GiB, driver of CUDA %d.%d", properties.name,
                properties.major, properties.minor, double(properties.totalGlobalMem) / (1 << 30),
                found.driver / 1000, found.driver % 1000 / 10);
  return SJ_OK;
}

// The current device is a thread's own: a new thread starts on device 0.
void* device_alloc(size_t bytes) {
  void* data = nullptr;
  if (cudaSetDevice(chosen) == cudaSuccess && cudaMalloc(&data, bytes) == cudaSuccess) return data;
  cudaGetLastError();  // out of memory is told by null and is not sticky
  return nullptr;
}

void device_free(void* data, size_t) { cudaFree(data); }

int chosen_device() { return chosen; }

#else

int32_t open_device(int32_t index, sj_error* error) {
  std::lock_guard lock(mutex);
  // For tests of what is refused: "driver runtime count major minor".
  Found found;
  found.driver = found.runtime = 13000;
  found.count = 1;
  found.major = 8;
  std::strcpy(found.name, "the shim");
  if (const char* other = std::getenv("SELFJUDGE_SIMT_DEVICE")) {
    std::sscanf(other, "%d %d %d %d %d", &found.driver, &found.runtime, &found.count, &found.major,
                &found.minor);
  }
  if (check(found, index, error) != SJ_OK) return SJ_UNSUPPORTED;
  chosen = 0;
  std::strcpy(path, "simt");
  std::strcpy(description, "the SIMT shim on the host");
  return SJ_OK;
}

void* device_alloc(size_t bytes) {
  void* data = nullptr;
  if (posix_memalign(&data, 256, bytes ? bytes : 256) != 0) return nullptr;
  std::memset(data, 0xff, bytes);  // NaN as float and bf16: what nobody wrote shows
  return data;
}

void device_free(void* data, size_t) { std::free(data); }

int chosen_device() { return 0; }

#endif

}  // namespace selfjudge::cuda
