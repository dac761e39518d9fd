// Values between JavaScript and the core. Every function takes the name of the method and of the argument it
// converts, and throws Error::wrong_argument with both when the value is not what it should be.
#pragma once
#include <napi.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/device.h"
#include "core/error.h"

namespace selfjudge::addon {

// What JavaScript would call the value: "null", "a string", "3.5", "Float64Array".
std::string describe_value(const Napi::Value& value);

double to_number(const Napi::Value& value, const char* where, const char* argument);
int64_t to_integer(const Napi::Value& value, int64_t min, int64_t max, const char* where,
                   const char* argument);
std::string to_string(const Napi::Value& value, const char* where, const char* argument);
// Not 0, which is no handle.
Handle to_handle(const Napi::Value& value, const char* where, const char* argument);
Handle handle_of(double value, const char* where, const char* argument);
int32_t to_dtype(const Napi::Value& value, const char* where);
int32_t to_layout(const Napi::Value& value, const char* where);

struct Shape {
  int64_t dims[3];
  int rank;
};
Shape to_shape(const Napi::Value& value, const char* where);

// A typed array as bytes; `type` is its element type.
struct Elements {
  const void* data;
  size_t count, bytes;
  napi_typedarray_type type;
};
Elements to_elements(const Napi::Value& value, const char* expected, const char* where, const char* argument);

// {handle, dtype, layout, shape}
Napi::Object from_info(Napi::Env env, const TensorInfo& info);

// The JavaScript Error of a core error, with own properties code, op, argument, expected, received, and of a
// fault sequence and cause.
Napi::Error to_js(Napi::Env env, const Error& error);

// Runs a method; whatever C++ throws becomes a JavaScript exception.
template <class F>
auto guarded(Napi::Env env, const char* where, F body) {
  try {
    return body();
  } catch (const Error& error) {
    throw to_js(env, error);
  } catch (const Napi::Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw to_js(env, Error::out_of_memory(where, "free host memory", "none"));
  } catch (const std::exception& error) {
    throw to_js(env, Error::internal(where, error.what()));
  }
}

}  // namespace selfjudge::addon
