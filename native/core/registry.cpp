#include "core/registry.h"

#include <mutex>
#include <vector>

#include "core/error.h"
#include "core/handles.h"

namespace selfjudge {
namespace {

std::mutex mutex;
std::vector<bool> taken;  // by tag
uint32_t latest = 0;

}  // namespace

const sj_backend& open_backend(const std::string& kind) {
  if (kind != "cpu") throw Error::wrong_argument("NativeDevice", "kind", "'cpu'", "'" + kind + "'");
  sj_error error{SJ_OK, {}};
  const sj_backend* backend = sj_cpu_backend(nullptr, &error);
  if (!backend) throw Error::wrong_argument("NativeDevice", "kind", "a backend that starts", error.message);
  if (backend->abi_version != SJ_ABI_VERSION || backend->struct_size != sizeof(sj_backend)) {
    throw Error::wrong_argument("NativeDevice", "kind", "a backend of ABI " + std::to_string(SJ_ABI_VERSION),
                                "ABI " + std::to_string(backend->abi_version));
  }
  return *backend;
}

// Tags go round, so that a tag returns as late as possible and the handles of a closed device stay foreign.
uint32_t take_tag() {
  constexpr uint32_t tags = (1u << kTagBits) - 1;
  std::lock_guard lock(mutex);
  taken.resize(tags + 1);
  for (uint32_t i = 0; i < tags; ++i) {
    latest = latest % tags + 1;
    if (taken[latest]) continue;
    taken[latest] = true;
    return latest;
  }
  throw Error::internal("NativeDevice", "too many open devices in one process: 1023; close some");
}

void give_tag_back(uint32_t tag) {
  std::lock_guard lock(mutex);
  taken[tag] = false;
}

}  // namespace selfjudge
