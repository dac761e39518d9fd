#include "core/cpu_info.h"

#include <cpuid.h>

#include <cstdint>
#include <cstring>

namespace selfjudge {
namespace {

// The register states the operating system saves (XCR0).
[[gnu::target("xsave")]] uint64_t saved_states() { return __builtin_ia32_xgetbv(0); }

}  // namespace

CpuInfo cpu_info() {
  CpuInfo info;
  uint32_t a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid(0, &a, &b, &c, &d)) return info;
  char vendor[13] = {};
  std::memcpy(vendor, &b, 4);
  std::memcpy(vendor + 4, &d, 4);
  std::memcpy(vendor + 8, &c, 4);
  info.vendor = vendor;

  __get_cpuid(1, &a, &b, &c, &d);
  const int family = (a >> 8) & 15;
  info.family = family == 15 ? family + ((a >> 20) & 255) : family;
  info.model = static_cast<int>((a >> 4) & 15) + (family == 6 || family == 15 ? ((a >> 12) & 0xf0) : 0);
  const bool has_xsave = c & (1u << 27), fma = c & (1u << 12), f16c = c & (1u << 29);
  const uint64_t states = has_xsave ? saved_states() : 0;
  const bool ymm = (states & 0x06) == 0x06, zmm = (states & 0xe6) == 0xe6,
             tile = (states & 0x60000) == 0x60000;

  uint32_t a7 = 0, b7 = 0, c7 = 0, d7 = 0, a71 = 0, b71 = 0, c71 = 0, d71 = 0;
  __get_cpuid_count(7, 0, &a7, &b7, &c7, &d7);
  if (a7 >= 1) __get_cpuid_count(7, 1, &a71, &b71, &c71, &d71);

  const auto add = [&](const char* name, bool present) {
    if (present) info.features.push_back(name);
  };
  add("avx2", ymm && (b7 & (1u << 5)));
  add("fma", ymm && fma);
  add("f16c", ymm && f16c);
  add("avx512f", zmm && (b7 & (1u << 16)));
  add("avx512dq", zmm && (b7 & (1u << 17)));
  add("avx512bw", zmm && (b7 & (1u << 30)));
  add("avx512vl", zmm && (b7 & (1u << 31)));
  add("avx512vnni", zmm && (c7 & (1u << 11)));
  add("avx512bf16", zmm && (a71 & (1u << 5)));
  add("amx_tile", tile && (d7 & (1u << 24)));
  add("amx_bf16", tile && (d7 & (1u << 22)));
  add("amx_int8", tile && (d7 & (1u << 25)));
  return info;
}

}  // namespace selfjudge
