// The one CUDA device of a process: chosen by the first caller, its memory, what it is.
#pragma once
#include <cstddef>
#include <cstdint>

#include "../../include/backend.h"

namespace selfjudge::cuda {

// Chooses device `index` for the process. SJ_UNSUPPORTED with the reason and what to do: no driver, a driver
// too old, no device, one of an architecture without kernels, another device chosen before.
int32_t open_device(int32_t index, sj_error* error);

const char* device_path();      // the kernels in use: "sm_80", "sm_90a"; "simt" on the host
const char* describe_device();  // "NVIDIA H200, compute capability 9.0, 140 GiB, driver 13.0"

int chosen_device();  // to be made current by every thread that calls the runtime

void* device_alloc(size_t bytes);
void device_free(void* data, size_t bytes);

}  // namespace selfjudge::cuda
