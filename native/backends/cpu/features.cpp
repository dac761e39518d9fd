#include "features.h"

#if defined(__x86_64__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <string>

#include "../fail.h"

namespace selfjudge::cpu {
namespace {

constexpr const char* kNames[kPaths] = {"portable", "avx2", "avx512", "avx512bf16", "amx"};

std::atomic<int> chosen{-1};

#if defined(__x86_64__)
// Whether this process may use tiles: Linux saves their state for processes that have asked only.
bool tiles_granted() {
#if defined(SELFJUDGE_EMULATE_AMX)
  return true;
#elif defined(__linux__)
  constexpr int kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  static const bool granted = __builtin_cpu_supports("amx-tile") && __builtin_cpu_supports("amx-bf16") &&
                              syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  return granted;
#else
  return false;
#endif
}
#endif

}  // namespace

const char* path_name(Path path) { return kNames[int(path)]; }

bool path_available(Path path) {
#if defined(__x86_64__)
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  switch (path) {
    case Path::Portable:
      return true;
    case Path::Avx2:
      return avx2;
    case Path::Avx512:
      return avx512;
    case Path::Avx512Bf16:
      return avx512 && __builtin_cpu_supports("avx512bf16");
    case Path::Amx:
      return avx512 && __builtin_cpu_supports("avx512bf16") && tiles_granted();
  }
  return false;
#else
  return path == Path::Portable;
#endif
}

Path best_path() {
#if defined(__x86_64__)
#if !defined(SELFJUDGE_EMULATE_AMX)
  if (__builtin_cpu_is("intel") && path_available(Path::Amx)) return Path::Amx;
#endif
  if (path_available(Path::Avx512Bf16) && __builtin_cpu_is("amd")) return Path::Avx512Bf16;
  for (const Path path : {Path::Avx512, Path::Avx2})
    if (path_available(path)) return path;
#endif
  return Path::Portable;
}

Path current_path() {
  int now = chosen.load(std::memory_order_relaxed);
  if (now < 0) {
    int expected = -1;
    chosen.compare_exchange_strong(expected, int(best_path()));
    now = chosen.load();
  }
  return Path(now);
}

int32_t select_path(const char* name, sj_error* error) {
  const bool given = name && *name;
  if (!given) {
    if (chosen.load() >= 0) return SJ_OK;
    name = std::getenv("SELFJUDGE_CPU");
    if (!name || !*name) {
      current_path();
      return SJ_OK;
    }
  }
  std::string available;
  for (int i = 0; i < kPaths; i++) {
    if (!path_available(Path(i))) continue;
    if (!std::strcmp(name, kNames[i])) {
      chosen.store(i);
      return SJ_OK;
    }
    available += std::string(available.empty() ? "" : ", ") + kNames[i];
  }
  return fail(error, SJ_UNSUPPORTED, "[cpu] %s: expected one of %s (what this CPU has), received '%.64s'",
              given ? "path" : "SELFJUDGE_CPU", available.c_str(), name);
}

}  // namespace selfjudge::cpu
