// The CPU backend's table of functions. Memory is host memory; ops run on the calling (stream) thread and the
// pool.
#include "../../include/backend.h"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <string>

#include "cgroup.h"
#include "features.h"
#include "gemm/panels.h"
#include "highway_targets.h"
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

constexpr size_t kHugePage = size_t{2} << 20;

// Linux grants more memory than there is and kills who uses it: what does not fit is refused here instead. Of
// what a control group grants, that is what the process does not use yet, less some for its further growth.
size_t most_memory() {
  size_t most = size_t(sysconf(_SC_PHYS_PAGES)) * size_t(sysconf(_SC_PAGESIZE));
  const size_t granted = cgroup_memory();
  if (granted == 0 || granted > most) return most;
  long long pages[2] = {0, 0};  // of the process, and of it in memory
  if (FILE* f = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(f, "%lld %lld", pages, pages + 1) != 2) pages[1] = 0;
    std::fclose(f);
  }
  const size_t used = size_t(pages[1]) * size_t(sysconf(_SC_PAGESIZE)) + granted / 16;
  return granted > used ? granted - used : 0;
}

// Bytes of blocks that are out, over all devices of the process.
std::atomic<size_t> held{0};

// Blocks from here on are mapped, not taken from malloc's heap, which would keep what is given back.
// AddressSanitizer watches the heap alone.
#if defined(__SANITIZE_ADDRESS__)
constexpr size_t kMapped = SIZE_MAX;
#else
constexpr size_t kMapped = size_t{256} << 10;
#endif

size_t page_multiple(size_t bytes) {
  static const size_t page = size_t(sysconf(_SC_PAGESIZE));
  return (bytes + page - 1) / page * page;
}

void* map_block(size_t bytes) {
  // Weights stream at memory speed only when their pages are large, and those must start at their own size.
  const bool large = bytes >= kHugePage;
  const size_t size = large ? bytes + kHugePage : bytes;
  void* at = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return nullptr;
  if (!large) return at;
  char* const begin = static_cast<char*>(at);
  char* const block = begin + (kHugePage - reinterpret_cast<uintptr_t>(begin) % kHugePage) % kHugePage;
  if (block > begin) munmap(begin, size_t(block - begin));
  if (block + bytes < begin + size) munmap(block + bytes, size_t(begin + size - (block + bytes)));
  madvise(block, bytes / kHugePage * kHugePage, MADV_HUGEPAGE);  // a hint: refusal changes speed only
  return block;
}

void* allocate(size_t bytes) {
  static const size_t most = most_memory();
  if (held.fetch_add(bytes) + bytes > most) {
    held -= bytes;
    return nullptr;
  }
  void* data = nullptr;
  if (bytes >= kMapped)
    data = map_block(page_multiple(bytes));
  else if (posix_memalign(&data, 64, bytes ? bytes : 64) != 0)
    data = nullptr;
  if (!data) held -= bytes;
  return data;
}

void release(void* data, size_t bytes) {
  held -= bytes;
  if (bytes >= kMapped)
    munmap(data, page_multiple(bytes));
  else
    std::free(data);
}

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
