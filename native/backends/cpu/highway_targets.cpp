#include "highway_targets.h"

#include <cstdint>
#include <cstring>

#include <hwy/targets.h>

namespace selfjudge::cpu {

void restrict_highway(const char* path) {
  int64_t allowed = ~int64_t{0};
#if HWY_ARCH_X86
  const int64_t avx512 = HWY_AVX3_DL | HWY_AVX3, avx2 = HWY_AVX2;
  if (std::strncmp(path, "avx512", 6) != 0 && std::strcmp(path, "amx") != 0) allowed &= ~avx512;
  if (std::strcmp(path, "portable") == 0) allowed &= ~avx2;
#else
  (void)path;
#endif
  hwy::SetSupportedTargetsForTest(0);  // forget an earlier restriction
  hwy::SetSupportedTargetsForTest(hwy::SupportedTargets() & allowed);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace selfjudge::cpu
