#include "core/registry.h"

#include <dlfcn.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <vector>

#include "core/error.h"
#include "core/handles.h"

namespace selfjudge {
namespace {

std::mutex mutex;
std::vector<bool> taken;  // by tag
uint32_t latest = 0;

constexpr const char* kCudaModule = "selfjudge_cuda.so";

// The CUDA module lies beside this library; SELFJUDGE_CUDA_MODULE names another, for tests.
std::string cuda_module() {
  if (const char* other = std::getenv("SELFJUDGE_CUDA_MODULE")) return other;
  Dl_info info;
  if (!dladdr(reinterpret_cast<const void*>(&take_tag), &info) || !info.dli_fname) return kCudaModule;
  const std::string self = info.dli_fname;
  return self.substr(0, self.rfind('/') + 1) + kCudaModule;
}

// `kind` is "cuda" or "cuda:N". Null with *error filled.
const sj_backend* open_cuda(const std::string& kind, sj_error& error) {
  const auto refuse = [&](const std::string& why) {
    std::snprintf(error.message, sizeof error.message, "%s", why.c_str());
    return nullptr;
  };
  const std::string number = kind == "cuda" ? "0" : kind.substr(5);
  if (number.empty() || number.size() > 3 || number.find_first_not_of("0123456789") != std::string::npos) {
    return refuse("'" + kind + "' is no device; write cuda or cuda:N, counting from 0");
  }
  const std::string path = cuda_module();
  // Never closed: its code must outlive every stream thread.
  void* module = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!module) {
    const char* reason = dlerror();
    return refuse(access(path.c_str(), F_OK) != 0
                      ? "this build has no CUDA module (" + path +
                            "); run: pnpm setup:cuda && pnpm build --cuda"
                      : "the CUDA module cannot be loaded: " + std::string(reason ? reason : path));
  }
  const auto open = reinterpret_cast<sj_open_cuda>(dlsym(module, SJ_CUDA_ENTRY));
  if (!open) return refuse(path + " is no CUDA module: it lacks " SJ_CUDA_ENTRY);
  return open(std::stoi(number), &error);
}

}  // namespace

const sj_backend& open_backend(const std::string& kind) {
  const bool cuda = kind.rfind("cuda", 0) == 0 && (kind.size() == 4 || kind[4] == ':');
  if (kind != "cpu" && !cuda) {
    throw Error::wrong_argument("NativeDevice", "kind", "'cpu', 'cuda' or 'cuda:N'", "'" + kind + "'");
  }
  sj_error error{SJ_OK, 0, {}};
  const sj_backend* backend = cuda ? open_cuda(kind, error) : sj_cpu_backend(nullptr, &error);
  if (!backend) throw Error::wrong_argument("NativeDevice", "kind", "a backend that starts", error.message);
  if (backend->abi_version != SJ_ABI_VERSION || backend->struct_size != sizeof(sj_backend)) {
    throw Error::wrong_argument("NativeDevice", "kind",
                                "a backend of ABI " + std::to_string(SJ_ABI_VERSION) + " (run: pnpm build)",
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
  throw Error::internal("NativeDevice", "too many open devices in one process: 682; close some");
}

void give_tag_back(uint32_t tag) {
  std::lock_guard lock(mutex);
  taken[tag] = false;
}

}  // namespace selfjudge
