#include "addon/device.h"

#include <cstring>

#include "addon/convert.h"
#include "core/tensor.h"

namespace selfjudge::addon {
namespace {

// The mailbox. A call's tensors come first, its numbers from kNumbers on; the outputs are written over the
// tensors, kOutput doubles each: handle (0: not produced), dtype, layout, rank, and the dims from kDims on.
constexpr size_t kNumbers = kMaxTensors;
constexpr size_t kDims = 4;
constexpr size_t kOutput = kDims + kMaxRank;
constexpr size_t kMailbox = kMaxTensors * kOutput;
static_assert(kNumbers + kMaxNumbers <= kMailbox);

}  // namespace

void RawDevice::define(Napi::Env env, Napi::Object exports) {
  Napi::Object mailbox = Napi::Object::New(env);
  mailbox.Set("numbers", static_cast<double>(kNumbers));
  mailbox.Set("dims", static_cast<double>(kDims));
  mailbox.Set("output", static_cast<double>(kOutput));
  exports.Set("mailbox", mailbox);
  exports.Set("RawDevice", DefineClass(env, "RawDevice",
                                       {InstanceAccessor<&RawDevice::name>("name"),
                                        InstanceAccessor<&RawDevice::path>("path"),
                                        InstanceAccessor<&RawDevice::description>("description"),
                                        InstanceAccessor<&RawDevice::mailbox>("mailbox"),
                                        InstanceMethod<&RawDevice::run>("run"),
                                        InstanceMethod<&RawDevice::empty>("empty"),
                                        InstanceMethod<&RawDevice::upload>("upload"),
                                        InstanceMethod<&RawDevice::read>("read"),
                                        InstanceMethod<&RawDevice::view>("view"),
                                        InstanceMethod<&RawDevice::retain>("retain"),
                                        InstanceMethod<&RawDevice::dispose>("dispose"),
                                        InstanceMethod<&RawDevice::tree>("tree"),
                                        InstanceMethod<&RawDevice::dispose_tree>("disposeTree"),
                                        InstanceMethod<&RawDevice::begin_program>("beginProgram"),
                                        InstanceMethod<&RawDevice::end_program>("endProgram"),
                                        InstanceMethod<&RawDevice::cancel_program>("cancelProgram"),
                                        InstanceMethod<&RawDevice::run_program>("runProgram"),
                                        InstanceMethod<&RawDevice::dispose_program>("disposeProgram"),
                                        InstanceMethod<&RawDevice::sync>("sync"),
                                        InstanceMethod<&RawDevice::recover>("recover"),
                                        InstanceMethod<&RawDevice::memory>("memory"),
                                        InstanceMethod<&RawDevice::reset_peak>("resetPeak"),
                                        InstanceMethod<&RawDevice::counters>("counters"),
                                        InstanceMethod<&RawDevice::fail_after>("failAfter"),
                                        InstanceMethod<&RawDevice::close>("close")}));
}

RawDevice::RawDevice(const Napi::CallbackInfo& info) : ObjectWrap(info), env_(info.Env()) {
  guarded(env_, "NativeDevice", [&] {
    device_ = std::make_unique<Device>(to_string(info[0], "NativeDevice", "kind"));
    // While a promise is pending the object must not be collected.
    promises_ = Promises::create(env_, [this](bool busy) { busy ? Ref() : Unref(); });
    auto box = Napi::Float64Array::New(env_, kMailbox);
    box_ = box.Data();
    mailbox_ = Napi::Persistent(box);
    // Hooks run last first, so the thread is gone before Node closes its channel.
    napi_add_env_cleanup_hook(env_, environment_ends, this);
  });
}

RawDevice::~RawDevice() {
  if (!device_) return;
  napi_remove_env_cleanup_hook(env_, environment_ends, this);
  device_.reset();
  promises_->release();
}

void RawDevice::environment_ends(void* self) {
  auto* raw = static_cast<RawDevice*>(self);
  raw->device_.reset();
  raw->promises_->drop_all();
}

Device& RawDevice::open(const char* where) {
  if (!device_) throw Error::disposed(where, "device", "a closed device");
  return *device_;
}

void RawDevice::close(const Napi::CallbackInfo&) {
  if (!device_) return;
  napi_remove_env_cleanup_hook(env_, environment_ends, this);
  device_.reset();
  promises_->reject_all(env_, Error::disposed("close", "device", "a device closed before this was done"));
  promises_->release();
}

Napi::Value RawDevice::name(const Napi::CallbackInfo&) {
  return guarded(env_, "name", [&]() -> Napi::Value { return Napi::String::New(env_, open("name").name()); });
}

Napi::Value RawDevice::description(const Napi::CallbackInfo&) {
  return guarded(env_, "description",
                 [&]() -> Napi::Value { return Napi::String::New(env_, open("description").description()); });
}

Napi::Value RawDevice::path(const Napi::CallbackInfo&) {
  return guarded(env_, "path", [&]() -> Napi::Value { return Napi::String::New(env_, open("path").path()); });
}

Napi::Value RawDevice::mailbox(const Napi::CallbackInfo&) { return mailbox_.Value(); }

// run(op index, tree handle or 0): everything else is in the mailbox.
void RawDevice::run(const Napi::CallbackInfo& info) {
  guarded(env_, "enqueue", [&] {
    const auto op = static_cast<sj_op>(to_integer(info[0], 0, SJ_OP_COUNT - 1, "enqueue", "op"));
    const Contract& contract = contract_of(op);
    Device& device = open(contract.op);
    const double tree = to_number(info[1], contract.op, "tree");
    Handle handles[kMaxTensors];
    for (size_t i = 0; i < contract.n_tensors; ++i) {
      handles[i] = box_[i] == 0 ? 0 : handle_of(box_[i], contract.op, contract.tensors[i].name);
    }
    TensorInfo outputs[kMaxTensors];
    device.enqueue(op, handles, box_ + kNumbers, tree == 0 ? 0 : handle_of(tree, contract.op, "tree"),
                   outputs);
    double* to = box_;
    const TensorInfo* output = outputs;
    for (size_t i = 0; i < contract.n_tensors; ++i) {
      if (contract.tensors[i].role != Role::Out) continue;
      to[0] = static_cast<double>(output->handle);
      to[1] = output->tensor.dtype;
      to[2] = output->tensor.layout;
      to[3] = output->tensor.rank;
      for (int axis = 0; axis < kMaxRank; ++axis)
        to[kDims + axis] = static_cast<double>(output->tensor.dims[axis]);
      to += kOutput;
      ++output;
    }
  });
}

Napi::Value RawDevice::empty(const Napi::CallbackInfo& info) {
  return guarded(env_, "empty", [&]() -> Napi::Value {
    const int32_t dtype = to_dtype(info[0], "empty");
    const Shape shape = to_shape(info[1], "empty");
    return from_info(env_, open("empty").empty(dtype, to_layout(info[2], "empty"), shape.dims, shape.rank));
  });
}

Napi::Value RawDevice::upload(const Napi::CallbackInfo& info) {
  return guarded(env_, "upload", [&]() -> Napi::Value {
    const int32_t dtype = to_dtype(info[1], "upload");
    const char* expected = dtype == SJ_F32    ? "a Float32Array for dtype float32"
                           : dtype == SJ_BF16 ? "a Uint16Array (bits) or a Float32Array for dtype bf16"
                                              : "an Int32Array for dtype int32";
    const Elements data = to_elements(info[0], expected, "upload", "data");
    const bool wide = data.type == napi_float32_array;
    const bool fits = dtype == SJ_F32    ? wide
                      : dtype == SJ_BF16 ? wide || data.type == napi_uint16_array
                                         : data.type == napi_int32_array;
    if (!fits) throw Error::wrong_argument("upload", "data", expected, describe_value(info[0]));
    const Shape shape = to_shape(info[2], "upload");
    return from_info(env_, open("upload").upload(dtype, shape.dims, shape.rank, data.data, data.count,
                                                 dtype == SJ_BF16 && wide));
  });
}

// Of an array of JavaScript. V8 ends the process when it is asked for a longer one.
constexpr size_t kMostValues = size_t{1} << 32;

// The stream writes straight into the array that the promise resolves to; the table of promises keeps it
// alive.
Napi::Value RawDevice::read(const Napi::CallbackInfo& info) {
  return guarded(env_, "read", [&]() -> Napi::Value {
    Device& device = open("read");
    const Handle handle = to_handle(info[0], "read", "handle");
    const sj_tensor tensor = device.readable(handle);
    const auto count = static_cast<size_t>(elements_of(tensor));
    if (count > kMostValues)
      throw Error::wrong_argument("read", "handle", "at most 2^32 values at once (views read parts)",
                                  std::to_string(count));
    Napi::Value array;
    void* host;
    if (tensor.dtype == SJ_I32) {
      auto integers = Napi::Int32Array::New(env_, count);
      host = integers.Data();
      array = integers;
    } else {
      auto floats = Napi::Float32Array::New(env_, count);
      host = floats.Data();
      array = floats;
    }
    std::function<void(const Fault*)> done;
    const Napi::Promise promise = promises_->add(env_, array, done);
    device.read(handle, host, std::move(done));
    return promise;
  });
}

Napi::Value RawDevice::view(const Napi::CallbackInfo& info) {
  return guarded(env_, "view", [&]() -> Napi::Value {
    Device& device = open("view");
    const Handle handle = to_handle(info[0], "view", "handle");
    const double offset = to_number(info[1], "view", "offset");
    const Shape shape = to_shape(info[2], "view");
    return from_info(env_, device.view(handle, offset, shape.dims, shape.rank));
  });
}

Napi::Value RawDevice::retain(const Napi::CallbackInfo& info) {
  return guarded(env_, "retain", [&]() -> Napi::Value {
    const Handle handle = open("retain").retain(to_handle(info[0], "retain", "handle"));
    return Napi::Number::New(env_, static_cast<double>(handle));
  });
}

void RawDevice::dispose(const Napi::CallbackInfo& info) {
  guarded(env_, "dispose", [&] { open("dispose").dispose(to_handle(info[0], "dispose", "handle")); });
}

Napi::Value RawDevice::tree(const Napi::CallbackInfo& info) {
  return guarded(env_, "tree", [&]() -> Napi::Value {
    const Elements triples = to_elements(info[0], "an Int32Array", "tree", "segments");
    if (triples.type != napi_int32_array) {
      throw Error::wrong_argument("tree", "segments", "an Int32Array", describe_value(info[0]));
    }
    const Handle handle = open("tree").tree(static_cast<const int32_t*>(triples.data), triples.count);
    return Napi::Number::New(env_, static_cast<double>(handle));
  });
}

void RawDevice::dispose_tree(const Napi::CallbackInfo& info) {
  guarded(env_, "disposeTree",
          [&] { open("disposeTree").dispose_tree(to_handle(info[0], "disposeTree", "tree")); });
}

void RawDevice::begin_program(const Napi::CallbackInfo&) {
  guarded(env_, "beginProgram", [&] { open("beginProgram").begin_program(); });
}

Napi::Value RawDevice::end_program(const Napi::CallbackInfo&) {
  return guarded(env_, "endProgram", [&]() -> Napi::Value {
    return Napi::Number::New(env_, static_cast<double>(open("endProgram").end_program()));
  });
}

void RawDevice::cancel_program(const Napi::CallbackInfo&) {
  guarded(env_, "cancelProgram", [&] { open("cancelProgram").cancel_program(); });
}

void RawDevice::run_program(const Napi::CallbackInfo& info) {
  guarded(env_, "runProgram", [&] {
    Device& device = open("runProgram");
    const Handle program = to_handle(info[0], "runProgram", "program");
    if (!info[1].IsArray())
      throw Error::wrong_argument("runProgram", "reads", "an array of windows, pairs and keys",
                                  describe_value(info[1]));
    const auto given = info[1].As<Napi::Array>();
    if (given.Length() % 3 != 0)
      throw Error::wrong_argument("runProgram", "reads", "windows, pairs and keys in turns",
                                  std::to_string(given.Length()) + " numbers");
    std::vector<Device::PoolReads> reads(given.Length() / 3);
    const auto number = [&](uint32_t i) {
      return static_cast<double>(to_integer(given.Get(i), 0, (int64_t{1} << 53) - 1, "runProgram", "reads"));
    };
    for (uint32_t i = 0; i < reads.size(); ++i)
      reads[i] = {number(3 * i), number(3 * i + 1), number(3 * i + 2)};
    device.run_program(program, reads);
  });
}

void RawDevice::dispose_program(const Napi::CallbackInfo& info) {
  guarded(env_, "disposeProgram",
          [&] { open("disposeProgram").dispose_program(to_handle(info[0], "disposeProgram", "program")); });
}

Napi::Value RawDevice::sync(const Napi::CallbackInfo&) {
  return guarded(env_, "sync", [&]() -> Napi::Value {
    Device& device = open("sync");
    std::function<void(const Fault*)> done;
    const Napi::Promise promise = promises_->add(env_, {}, done);
    device.sync(std::move(done));
    return promise;
  });
}

void RawDevice::recover(const Napi::CallbackInfo&) {
  guarded(env_, "recover", [&] { open("recover").recover(); });
}

Napi::Value RawDevice::memory(const Napi::CallbackInfo&) {
  return guarded(env_, "memory", [&]() -> Napi::Value {
    const MemoryCounters& memory = open("memory").memory();
    Napi::Object object = Napi::Object::New(env_);
    object.Set("live", static_cast<double>(memory.live));
    object.Set("cached", static_cast<double>(memory.cached));
    object.Set("peak", static_cast<double>(memory.peak));
    object.Set("packed", static_cast<double>(memory.packed));
    return object;
  });
}

void RawDevice::reset_peak(const Napi::CallbackInfo&) {
  guarded(env_, "resetPeak", [&] { open("resetPeak").reset_peak(); });
}

// Flat: calls, flops and bytes of each op, in the order of contracts().
Napi::Value RawDevice::counters(const Napi::CallbackInfo&) {
  return guarded(env_, "counters", [&]() -> Napi::Value {
    const Counters& counters = open("counters").counters();
    auto flat = Napi::Float64Array::New(env_, 3 * counters.size());
    double* at = flat.Data();
    for (const Work& work : counters) {
      for (const double value : {work.calls, work.flops, work.bytes}) *at++ = value;
    }
    return flat;
  });
}

void RawDevice::fail_after(const Napi::CallbackInfo& info) {
  guarded(env_, "failAfter", [&] {
    constexpr int64_t most = int64_t{1} << 53;
    const int64_t allocations = to_integer(info[0], 0, most, "failAfter", "allocations");
    const int64_t commands = to_integer(info[1], 0, most, "failAfter", "commands");
    open("failAfter").fail_after(allocations, commands, to_integer(info[2], 0, 1, "failAfter", "wait") == 1);
  });
}

}  // namespace selfjudge::addon
