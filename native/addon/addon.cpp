// The module: the device class and the functions that need no device.
#include <napi.h>

#include <cinttypes>
#include <cstdio>
#include <sstream>

#include "addon/convert.h"
#include "addon/device.h"
#include "backends/cpu/features.h"
#include "backends/cpu/thread_pool.h"
#include "core/contracts.h"
#include "core/cpu_info.h"
#include "core/dequantize.h"
#include "core/quantize.h"
#include "core/scan.h"
#include "core/tensor.h"

namespace selfjudge::addon {
namespace {

const char* name_of_role(Role role) {
  switch (role) {
    case Role::In:
      return "in";
    case Role::Optional:
      return "optional";
    case Role::InOut:
      return "inout";
    case Role::InOutOptional:
      return "inout_optional";
    case Role::Out:
      break;
  }
  return "out";
}

Napi::Value text_or_null(Napi::Env env, const char* text) {
  return text ? Napi::Value(Napi::String::New(env, text)) : env.Null();
}

Napi::Value words_or_null(Napi::Env env, const char* words) {
  if (!words) return env.Null();
  Napi::Array list = Napi::Array::New(env);
  std::istringstream all(words);
  for (std::string word; all >> word;) list.Set(list.Length(), word);
  return list;
}

Napi::Object from_contract(Napi::Env env, const Contract& contract) {
  Napi::Array tensors = Napi::Array::New(env, contract.n_tensors);
  for (size_t i = 0; i < contract.n_tensors; ++i) {
    const TensorSpec& spec = contract.tensors[i];
    Napi::Array dtypes = Napi::Array::New(env);
    for (int32_t dtype = SJ_F32; dtype <= SJ_I32; ++dtype) {
      if (spec.dtypes & (1 << dtype)) dtypes.Set(dtypes.Length(), name_of_dtype(dtype));
    }
    Napi::Object tensor = Napi::Object::New(env);
    tensor.Set("name", spec.name);
    tensor.Set("role", name_of_role(spec.role));
    tensor.Set("dtypes", dtypes);
    tensor.Set("shape", spec.shape);
    tensor.Set("panels", spec.panels);
    tensor.Set("like", text_or_null(env, spec.like));
    tensor.Set("when", text_or_null(env, spec.when));
    tensors.Set(i, tensor);
  }
  Napi::Array numbers = Napi::Array::New(env, contract.n_numbers);
  for (size_t i = 0; i < contract.n_numbers; ++i) {
    Napi::Object number = Napi::Object::New(env);
    number.Set("name", contract.numbers[i].name);
    number.Set("min", contract.numbers[i].min);
    number.Set("max", contract.numbers[i].max);
    number.Set("integer", contract.numbers[i].integer);
    number.Set("names", words_or_null(env, contract.numbers[i].names));
    numbers.Set(i, number);
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("op", contract.op);
  object.Set("tensors", tensors);
  object.Set("numbers", numbers);
  object.Set("tree", contract.tree);
  return object;
}

// In the order of sj_op: the index is the op number that RawDevice.run takes.
Napi::Value contracts(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), "contracts", [&]() -> Napi::Value {
    Napi::Array all = Napi::Array::New(info.Env(), SJ_OP_COUNT);
    for (uint32_t op = 0; op < SJ_OP_COUNT; ++op) {
      all.Set(op, from_contract(info.Env(), contract_of(static_cast<sj_op>(op))));
    }
    return all;
  });
}

Napi::Value dequantize_js(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), "dequantize", [&]() -> Napi::Value {
    const std::string type = to_string(info[0], "dequantize", "type");
    const Elements data = to_elements(info[1], "a Uint8Array", "dequantize", "data");
    if (data.type != napi_uint8_array) {
      throw Error::wrong_argument("dequantize", "data", "a Uint8Array", describe_value(info[1]));
    }
    const auto count = static_cast<size_t>(to_integer(info[2], 0, int64_t{1} << 31, "dequantize", "count"));
    check_dequantize(type, data.bytes, count);
    Napi::Float32Array out = Napi::Float32Array::New(info.Env(), count);
    dequantize(type, static_cast<const uint8_t*>(data.data), data.bytes, count, out.Data());
    return out;
  });
}

Napi::Value quantize_js(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), "quantize", [&]() -> Napi::Value {
    const std::string type = to_string(info[0], "quantize", "type");
    const Elements values = to_elements(info[1], "a Float32Array", "quantize", "values");
    if (values.type != napi_float32_array)
      throw Error::wrong_argument("quantize", "values", "a Float32Array", describe_value(info[1]));
    Napi::Uint8Array data = Napi::Uint8Array::New(info.Env(), quantized_bytes(type, values.count));
    const int64_t unfit = quantize(type, static_cast<const float*>(values.data), values.count, data.Data());
    Napi::Object result = Napi::Object::New(info.Env());
    result.Set("data", data);
    result.Set("unfit", static_cast<double>(unfit));
    return result;
  });
}

Napi::Value scan_values_js(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), "scanValues", [&]() -> Napi::Value {
    constexpr const char* expected = "a Float32Array or a Uint16Array";
    const Elements values = to_elements(info[0], expected, "scanValues", "values");
    if (values.type != napi_float32_array && values.type != napi_uint16_array)
      throw Error::wrong_argument("scanValues", "values", expected, describe_value(info[0]));
    const Scan scan = scan_values(values.type == napi_float32_array ? Scanned::F32 : Scanned::BF16,
                                  values.data, values.count);
    char hash[33];
    std::snprintf(hash, sizeof hash, "%016" PRIx64 "%016" PRIx64, scan.high, scan.low);
    Napi::Object result = Napi::Object::New(info.Env());
    result.Set("hash", hash);
    result.Set("notFinite", static_cast<double>(scan.not_finite));
    return result;
  });
}

Napi::Value cpu_info_js(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), "cpuInfo", [&]() -> Napi::Value {
    const Napi::Env env = info.Env();
    const CpuInfo cpu = cpu_info();
    Napi::Object object = Napi::Object::New(env);
    Napi::Array features = Napi::Array::New(env), paths = Napi::Array::New(env);
    for (const std::string& feature : cpu.features) features.Set(features.Length(), feature);
    for (int path = cpu::kPaths - 1; path >= 0; --path) {
      const auto candidate = static_cast<cpu::Path>(path);
      if (cpu::path_available(candidate)) paths.Set(paths.Length(), cpu::path_name(candidate));
    }
    object.Set("vendor", cpu.vendor);
    object.Set("family", cpu.family);
    object.Set("model", cpu.model);
    object.Set("features", features);
    object.Set("paths", paths);
    object.Set("threads", cpu::worker_count());
    return object;
  });
}

Napi::Value worker_count(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), cpu::worker_count());
}

void set_worker_limit(const Napi::CallbackInfo& info) {
  guarded(info.Env(), "setWorkerLimit", [&] {
    cpu::set_worker_limit(
        static_cast<int>(to_integer(info[0], 1, cpu::worker_count(), "setWorkerLimit", "workers")));
  });
}

Napi::Value gather_workers(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), "gatherWorkers", [&]() -> Napi::Value {
    if (!info[0].IsBoolean())
      throw Error::wrong_argument("gatherWorkers", "gathered", "a boolean", describe_value(info[0]));
    const int64_t jobs = cpu::gather_workers(info[0].As<Napi::Boolean>().Value());
    return Napi::Number::New(info.Env(), static_cast<double>(jobs));
  });
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  RawDevice::define(env, exports);
  exports.Set("contracts", Napi::Function::New<contracts>(env, "contracts"));
  exports.Set("dequantize", Napi::Function::New<dequantize_js>(env, "dequantize"));
  exports.Set("quantize", Napi::Function::New<quantize_js>(env, "quantize"));
  exports.Set("scanValues", Napi::Function::New<scan_values_js>(env, "scanValues"));
  exports.Set("cpuInfo", Napi::Function::New<cpu_info_js>(env, "cpuInfo"));
  exports.Set("workerCount", Napi::Function::New<worker_count>(env, "workerCount"));
  exports.Set("setWorkerLimit", Napi::Function::New<set_worker_limit>(env, "setWorkerLimit"));
  exports.Set("gatherWorkers", Napi::Function::New<gather_workers>(env, "gatherWorkers"));
  return exports;
}

}  // namespace

NODE_API_MODULE(selfjudge_native, init)

}  // namespace selfjudge::addon
