#include "cgroup.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <functional>
#include <string>

namespace selfjudge::cpu {
namespace {

// Numbers at the start of a file; how many there are (a word such as "max" ends them).
int read_numbers(const std::string& path, long long* out, int count) {
  FILE* f = std::fopen(path.c_str(), "r");
  if (!f) return 0;
  int found = 0;
  while (found < count && std::fscanf(f, "%lld", out + found) == 1) found++;
  std::fclose(f);
  return found;
}

// Whether a comma-separated list holds a name.
bool lists(const std::string& list, const std::string& name) {
  for (size_t at = 0; at <= list.size();) {
    const size_t end = std::min(list.find(',', at), list.size());
    if (list.compare(at, end - at, name) == 0) return true;
    at = end + 1;
  }
  return false;
}

// visit(folder, version 2) for the process's group of `controller` and those above it: a parent's limit binds
// its children.
void for_groups(const char* controller, const std::function<void(const std::string&, bool)>& visit) {
  FILE* f = std::fopen("/proc/self/cgroup", "r");
  if (!f) return;
  char line[4096];
  while (std::fgets(line, sizeof line, f)) {  // id:controllers:path, version 2 has no controllers
    line[std::strcspn(line, "\n")] = 0;
    const char* controllers = std::strchr(line, ':');
    const char* path = controllers ? std::strchr(controllers + 1, ':') : nullptr;
    if (!path) continue;
    const bool v2 = path == controllers + 1;
    if (!v2 && !lists(std::string(controllers + 1, path), controller)) continue;
    const std::string root = v2 ? "/sys/fs/cgroup" : std::string("/sys/fs/cgroup/") + controller;
    for (std::string folder = path + 1;; folder.resize(folder.rfind('/'))) {  // "/a/b", "/a", ""
      visit(root + folder, v2);
      if (folder.rfind('/') == std::string::npos) break;
    }
  }
  std::fclose(f);
}

}  // namespace

int cgroup_cpus() {
  int limit = 0;
  for_groups("cpu", [&](const std::string& folder, bool v2) {
    long long n[2] = {-1, 0};  // microseconds granted in a period, and the period
    if (v2)
      read_numbers(folder + "/cpu.max", n, 2);  // "max 100000": no limit
    else
      read_numbers(folder + "/cpu.cfs_quota_us", n, 1), read_numbers(folder + "/cpu.cfs_period_us", n + 1, 1);
    if (n[0] <= 0 || n[1] <= 0) return;
    const int cpus = int(std::max<long long>(1, (n[0] + n[1] - 1) / n[1]));
    limit = limit ? std::min(limit, cpus) : cpus;
  });
  return limit;
}

size_t cgroup_memory() {
  constexpr long long kNone = 1LL << 60;  // version 1 says "no limit" by a number
  size_t limit = 0;
  for_groups("memory", [&](const std::string& folder, bool v2) {
    long long bytes = 0;
    if (!read_numbers(folder + (v2 ? "/memory.max" : "/memory.limit_in_bytes"), &bytes, 1)) return;
    if (bytes <= 0 || bytes >= kNone) return;
    limit = limit ? std::min(limit, size_t(bytes)) : size_t(bytes);
  });
  return limit;
}

}  // namespace selfjudge::cpu
