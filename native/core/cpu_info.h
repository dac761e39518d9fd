// The processor this process runs on, read with the CPUID instruction.
#pragma once
#include <string>
#include <vector>

namespace selfjudge {

struct CpuInfo {
  std::string vendor;  // "GenuineIntel", "AuthenticAMD"
  int family = 0, model = 0;
  std::vector<std::string> features;  // usable ones: the operating system saves their registers
};

CpuInfo cpu_info();

}  // namespace selfjudge
