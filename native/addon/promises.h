// Promises that the stream thread settles: reads and syncs.
//
// Node objects (deferred, array) stay in a table on the JavaScript thread; what crosses threads is a number
// and the fault, if any. So a device may be closed, collected or torn down with its environment at any
// moment.
#pragma once
#include <napi.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>

#include "core/error.h"

namespace selfjudge::addon {

class Promises : public std::enable_shared_from_this<Promises> {
 public:
  // `busy(true)` is called when the first promise becomes pending, `busy(false)` when the last is settled.
  static std::shared_ptr<Promises> create(Napi::Env env, std::function<void(bool)> busy);

  // A pending promise; it resolves to `value` (or undefined). `done` settles it from any thread, at most
  // once.
  Napi::Promise add(Napi::Env env, Napi::Value value, std::function<void(const Fault*)>& done);
  // Rejects all that is pending.
  void reject_all(Napi::Env env, const Error& error);
  // Drops all that is pending: the environment is going away.
  void drop_all() { entries_.clear(); }
  // No more promises; the event loop no longer sees this.
  void release();

 private:
  struct Entry {
    Napi::Promise::Deferred deferred;
    Napi::ObjectReference value;
  };
  struct Settlement {
    std::shared_ptr<Promises> promises;
    uint64_t id;
    std::optional<Fault> fault;
  };
  static void deliver(Napi::Env env, Napi::Function, std::nullptr_t*, Settlement* settlement);
  using Channel = Napi::TypedThreadSafeFunction<std::nullptr_t, Settlement, deliver>;

  void settle(Napi::Env env, const Settlement& settlement);
  void erased(Napi::Env env);

  Channel channel_;
  std::function<void(bool)> busy_;
  std::unordered_map<uint64_t, Entry> entries_;
  uint64_t next_ = 0;
  bool released_ = false;
};

}  // namespace selfjudge::addon
