// The C ABI between the core and a backend (CPU, CUDA, ...).
//
// The core owns streams, tensors, contracts and memory accounting; a backend owns kernels. Everything that
// crosses is plain old data: no STL, no exceptions, no ownership. Every struct starts with its size, so a
// backend built against an older header is refused instead of misread.
//
// A call arrives fully validated (native/core/contracts): ranks, dtypes, layouts and shapes hold, outputs and
// workspace are allocated. `run` is called on the stream thread only, in enqueue order.
#ifndef SELFJUDGE_BACKEND_H
#define SELFJUDGE_BACKEND_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SJ_ABI_VERSION 3

typedef enum sj_dtype { SJ_F32 = 0, SJ_BF16 = 1, SJ_I32 = 2 } sj_dtype;

// SJ_ROWS: contiguous row-major. SJ_PANELS: a weight [N, K] packed for the matrix core; see gemm/panels.h.
typedef enum sj_layout { SJ_ROWS = 0, SJ_PANELS = 1 } sj_layout;

// In every backend, rows from a multiple of this on are stored as a weight of their own would be, behind
// panel_bytes of the rows before them.
#define SJ_PANEL_ROWS 48

typedef enum sj_code {
  SJ_OK = 0,
  SJ_INVALID = 1,  // data-dependent fault: a token id, a row or a block out of range
  SJ_OUT_OF_MEMORY = 2,
  SJ_UNSUPPORTED = 3,
  SJ_INTERNAL = 4,
} sj_code;

typedef struct sj_tensor {
  uint32_t struct_size;
  int32_t dtype;   // sj_dtype
  int32_t layout;  // sj_layout
  int32_t rank;    // 1..3; unused dims are 1
  int64_t dims[3];
  void* data;  // null: an optional tensor that is absent
} sj_tensor;

// A prefix tree of rows. Segment s holds rows [start, start + length); parent is -1 or an earlier segment.
// A row attends to all rows of its segment's ancestors and causally to its own segment.
typedef struct sj_segment {
  int32_t start, length, parent;
  int32_t depth;  // depth of the first row = number of rows above it
} sj_segment;

typedef struct sj_tree {
  uint32_t struct_size;
  int32_t rows;
  int32_t n_segments;
  const sj_segment* segments;
} sj_tree;

typedef struct sj_call {
  uint32_t struct_size;
  uint32_t op;               // sj_op
  const sj_tensor* tensors;  // in the order of the op's contract, absent ones with null data
  uint32_t n_tensors;
  const double* numbers;  // in the order of the op's contract; integers are exact
  uint32_t n_numbers;
  const sj_tree* tree;  // null unless the op takes one
  void* workspace;      // `workspace(call)` bytes, 64-byte aligned, uninitialised
  size_t workspace_bytes;
  // Null, or the packed weight that is read next after this call's own: what a backend may fetch ahead.
  const sj_tensor* next_weight;
} sj_call;

typedef struct sj_error {
  int32_t code;       // sj_code
  int32_t earlier;    // 1 + sj_op of an earlier run that is at fault and is told only now; 0: the call itself
  char message[504];  // zero-terminated
} sj_error;

typedef struct sj_backend {
  uint32_t abi_version;
  uint32_t struct_size;
  const char* name;               // "cpu", "cuda"
  const char* (*path)(void);      // kernel path in use, e.g. "avx512"
  const char* (*describe)(void);  // the hardware, in words
  int32_t asynchronous;           // 1: run returns before the work is done; only sync and copy_out wait
  size_t (*panel_bytes)(int32_t dtype, int64_t n, int64_t k);  // storage of an [n, k] weight in SJ_PANELS
  void* (*alloc)(size_t bytes);                                // 64-byte aligned; null when out of memory
  void (*free)(void* data, size_t bytes);
  // In the order of the calling thread's runs; the host bytes are free at return. Only the stream thread may
  // write memory that a run has used before.
  int32_t (*copy_in)(void* device, const void* host, size_t bytes, sj_error* error);
  int32_t (*copy_out)(void* host, const void* device, size_t bytes, sj_error* error);
  size_t (*workspace)(const sj_call* call);  // called at enqueue: shapes only, tensor data must not be read
  int32_t (*run)(const sj_call* call, sj_error* error);  // an sj_code; fills error when not SJ_OK
  int32_t (*sync)(sj_error* error);
  // Recording, or null where runs cannot be recorded: between begin and end runs are kept, not executed, and
  // replay executes them all with the same arguments. free_recording waits until replays are done.
  int32_t (*record_begin)(sj_error* error);
  int32_t (*record_end)(void** recording, sj_error* error);
  int32_t (*replay)(void* recording, sj_error* error);
  void (*free_recording)(void* recording);
} sj_backend;

// Each backend exports one of these. Null with *error filled on failure. CPU: `path` forces a kernel path,
// null chooses.
const sj_backend* sj_cpu_backend(const char* path, sj_error* error);
// CUDA, in a module of its own that is loaded when asked for: `device` counts from 0.
typedef const sj_backend* (*sj_open_cuda)(int32_t device, sj_error* error);
#define SJ_CUDA_ENTRY "sj_cuda_backend"

#ifdef __cplusplus
}
#endif
#endif
