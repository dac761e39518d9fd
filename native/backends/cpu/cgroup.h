// What the control groups of this process grant it: the tightest limit from its own group up to the root, 0
// where none is set.
#pragma once
#include <cstddef>

namespace selfjudge::cpu {
int cgroup_cpus();       // CPUs, a part of one counting as one
size_t cgroup_memory();  // bytes
}  // namespace selfjudge::cpu
