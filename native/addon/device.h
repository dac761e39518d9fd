// The raw device class of the addon. index.mjs wraps it in NativeDevice, which also packs the arguments of
// enqueue into the mailbox: one shared array of doubles is far quicker than a Node-API call an element.
#pragma once
#include <napi.h>

#include <memory>

#include "addon/promises.h"
#include "core/device.h"

namespace selfjudge::addon {

class RawDevice : public Napi::ObjectWrap<RawDevice> {
 public:
  static void define(Napi::Env env, Napi::Object exports);
  explicit RawDevice(const Napi::CallbackInfo& info);
  ~RawDevice() override;

 private:
  Napi::Value name(const Napi::CallbackInfo& info);
  Napi::Value description(const Napi::CallbackInfo& info);
  Napi::Value path(const Napi::CallbackInfo& info);
  Napi::Value mailbox(const Napi::CallbackInfo& info);
  void run(const Napi::CallbackInfo& info);
  Napi::Value empty(const Napi::CallbackInfo& info);
  Napi::Value upload(const Napi::CallbackInfo& info);
  Napi::Value read(const Napi::CallbackInfo& info);
  Napi::Value view(const Napi::CallbackInfo& info);
  Napi::Value retain(const Napi::CallbackInfo& info);
  void dispose(const Napi::CallbackInfo& info);
  Napi::Value tree(const Napi::CallbackInfo& info);
  void dispose_tree(const Napi::CallbackInfo& info);
  void begin_program(const Napi::CallbackInfo& info);
  Napi::Value end_program(const Napi::CallbackInfo& info);
  void cancel_program(const Napi::CallbackInfo& info);
  void run_program(const Napi::CallbackInfo& info);
  void dispose_program(const Napi::CallbackInfo& info);
  Napi::Value sync(const Napi::CallbackInfo& info);
  void recover(const Napi::CallbackInfo& info);
  Napi::Value memory(const Napi::CallbackInfo& info);
  void reset_peak(const Napi::CallbackInfo& info);
  Napi::Value counters(const Napi::CallbackInfo& info);
  void fail_after(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);

  Device& open(const char* where);  // throws Error::disposed after close()
  static void environment_ends(void* self);

  napi_env env_;
  std::unique_ptr<Device> device_;
  std::shared_ptr<Promises> promises_;
  Napi::Reference<Napi::Float64Array> mailbox_;
  double* box_ = nullptr;
};

}  // namespace selfjudge::addon
