#include "core/commands.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <utility>
#include <vector>

#include "core/bf16.h"
#include "core/tensor.h"

namespace selfjudge {

int32_t OpCall::run(const sj_backend& backend, sj_error& error, const sj_tensor* next_weight) const {
  sj_tree tree_view;
  if (tree) tree_view = tree->view();
  sj_call call = make_call(op, arguments, tree ? &tree_view : nullptr);
  call.workspace = workspace.data;
  call.workspace_bytes = workspace.data ? workspace.requested : 0;
  call.next_weight = next_weight;
  return backend.run(&call, &error);
}

Write::Write(void* device, std::unique_ptr<char[]> host, size_t bytes)
    : device_(device), host_(std::move(host)), bytes_(bytes) {}

int32_t Write::run(const sj_backend& backend, const Fault* poison, sj_error& error) {
  return poison ? SJ_OK : backend.copy_in(device_, host_.get(), bytes_, &error);
}

Read::Read(void* host, const sj_tensor& tensor, Done done)
    : host_(host), tensor_(tensor), done_(std::move(done)) {}

int32_t Read::run(const sj_backend& backend, const Fault* poison, sj_error& error) {
  if (poison) {
    done_(poison);
    return SJ_OK;
  }
  const size_t elements = static_cast<size_t>(elements_of(tensor_)), bytes = row_bytes(tensor_);
  int32_t code;
  if (tensor_.dtype == SJ_BF16) {
    // The narrow values land in the upper half of the wide array, so widening front to back never overtakes
    // them.
    char* const wide = static_cast<char*>(host_);
    const char* const narrow = wide + bytes;
    code = backend.copy_out(wide + bytes, tensor_.data, bytes, &error);
    for (size_t i = 0; code == SJ_OK && i < elements; ++i) {
      uint16_t bits;
      std::memcpy(&bits, narrow + i * sizeof bits, sizeof bits);
      const float value = bf16_to_float(bits);
      std::memcpy(wide + i * sizeof value, &value, sizeof value);
    }
  } else {
    code = backend.copy_out(host_, tensor_.data, bytes, &error);
  }
  if (code == SJ_OK) done_(nullptr);
  return code;
}

int32_t Sync::run(const sj_backend& backend, const Fault* poison, sj_error& error) {
  if (poison) {
    done_(poison);
    return SJ_OK;
  }
  const int32_t code = backend.sync(&error);
  if (code == SJ_OK) done_(nullptr);
  return code;
}

int32_t PoisonBlock::run(const sj_backend& backend, const Fault* poison, sj_error& error) {
  if (poison) return SJ_OK;
  // Never destroyed: process.exit ends the process while streams still run.
  static const auto& bytes = *new std::vector<char>(size_t{1} << 20, '\xff');
  for (size_t at = 0; at < block_.bytes; at += bytes.size()) {
    const size_t piece = std::min(bytes.size(), block_.bytes - at);
    char* const to = static_cast<char*>(block_.data) + at;
    if (const int32_t code = backend.copy_in(to, bytes.data(), piece, &error)) return code;
  }
  return SJ_OK;
}

int32_t InjectedFault::run(const sj_backend& backend, const Fault* poison, sj_error& error) {
  if (poison) return instead_->run(backend, poison, error);
  std::snprintf(error.message, sizeof error.message, "an injected fault");
  return SJ_INTERNAL;
}

}  // namespace selfjudge
