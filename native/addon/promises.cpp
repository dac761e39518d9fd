#include "addon/promises.h"

#include <utility>

#include "addon/convert.h"

namespace selfjudge::addon {

std::shared_ptr<Promises> Promises::create(Napi::Env env, std::function<void(bool)> busy) {
  auto promises = std::make_shared<Promises>();
  // The queue is unbounded: a full one would block the stream thread, and joining it from here would never
  // end.
  promises->channel_ = Channel::New(env, "selfjudge.stream", 0, 1);
  promises->channel_.Unref(env);
  promises->busy_ = std::move(busy);
  return promises;
}

Napi::Promise Promises::add(Napi::Env env, Napi::Value value, std::function<void(const Fault*)>& done) {
  const uint64_t id = next_++;
  Entry entry{Napi::Promise::Deferred::New(env), {}};
  if (!value.IsEmpty()) entry.value = Napi::Persistent(value.As<Napi::Object>());
  const Napi::Promise promise = entry.deferred.Promise();
  entries_.emplace(id, std::move(entry));
  if (entries_.size() == 1) {
    channel_.Ref(env);
    busy_(true);
  }
  done = [self = shared_from_this(), id](const Fault* fault) {
    auto* settlement = new Settlement{self, id, fault ? std::optional<Fault>(*fault) : std::nullopt};
    if (self->channel_.NonBlockingCall(settlement) != napi_ok) delete settlement;
  };
  return promise;
}

// Runs on the JavaScript thread; without an environment when that is being torn down. An exception that left
// here would end the process.
void Promises::deliver(Napi::Env env, Napi::Function, std::nullptr_t*, Settlement* settlement) {
  const std::unique_ptr<Settlement> owner(settlement);
  if (env == nullptr) return;
  try {
    owner->promises->settle(env, *owner);
  } catch (const Napi::Error&) {
    // A worker is being terminated: no JavaScript can run, nobody waits.
  }
}

void Promises::settle(Napi::Env env, const Settlement& settlement) {
  const auto found = entries_.find(settlement.id);
  if (found == entries_.end()) return;
  const Entry entry = std::move(found->second);
  entries_.erase(found);
  erased(env);
  if (settlement.fault) {
    entry.deferred.Reject(to_js(env, Error::fault(*settlement.fault)).Value());
  } else {
    entry.deferred.Resolve(entry.value.IsEmpty() ? env.Undefined() : entry.value.Value());
  }
}

void Promises::erased(Napi::Env env) {
  if (!entries_.empty()) return;
  if (!released_) channel_.Unref(env);
  busy_(false);
}

void Promises::reject_all(Napi::Env env, const Error& error) {
  if (entries_.empty()) return;
  const auto pending = std::exchange(entries_, {});
  for (const auto& [id, entry] : pending) entry.deferred.Reject(to_js(env, error).Value());
  erased(env);
}

void Promises::release() {
  if (std::exchange(released_, true)) return;
  channel_.Release();
}

}  // namespace selfjudge::addon
