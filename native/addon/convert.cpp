#include "addon/convert.h"

#include <cmath>
#include <cstdio>
#include <new>

namespace selfjudge::addon {

std::string describe_value(const Napi::Value& value) {
  switch (value.Type()) {
    case napi_undefined:
      return "undefined";
    case napi_null:
      return "null";
    case napi_boolean:
      return value.As<Napi::Boolean>().Value() ? "true" : "false";
    case napi_number: {
      char text[32];
      std::snprintf(text, sizeof text, "%.17g", value.As<Napi::Number>().DoubleValue());
      return text;
    }
    case napi_string: {
      const std::string text = value.As<Napi::String>().Utf8Value();
      return text.size() <= 40 ? "'" + text + "'" : "a string of " + std::to_string(text.size()) + " bytes";
    }
    case napi_symbol:
      return "a symbol";
    case napi_function:
      return "a function";
    case napi_bigint:
      return "a bigint";
    default:
      break;
  }
  if (value.IsArray()) return "an array";
  if (value.IsTypedArray()) {
    switch (value.As<Napi::TypedArray>().TypedArrayType()) {
      case napi_float32_array:
        return "a Float32Array";
      case napi_float64_array:
        return "a Float64Array";
      case napi_int32_array:
        return "an Int32Array";
      case napi_uint16_array:
        return "a Uint16Array";
      case napi_uint8_array:
        return "a Uint8Array";
      default:
        return "another typed array";
    }
  }
  return "an object";
}

double to_number(const Napi::Value& value, const char* where, const char* argument) {
  if (!value.IsNumber()) throw Error::wrong_argument(where, argument, "a number", describe_value(value));
  return value.As<Napi::Number>().DoubleValue();
}

int64_t to_integer(const Napi::Value& value, int64_t min, int64_t max, const char* where,
                   const char* argument) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : NAN;
  if (number >= static_cast<double>(min) && number <= static_cast<double>(max) &&
      number == std::floor(number)) {
    return static_cast<int64_t>(number);
  }
  throw Error::wrong_argument(where, argument,
                              "an integer in [" + std::to_string(min) + ", " + std::to_string(max) + "]",
                              describe_value(value));
}

std::string to_string(const Napi::Value& value, const char* where, const char* argument) {
  if (!value.IsString()) throw Error::wrong_argument(where, argument, "a string", describe_value(value));
  return value.As<Napi::String>().Utf8Value();
}

Handle handle_of(double value, const char* where, const char* argument) {
  if (value >= 1 && value < 0x1p53 && value == std::floor(value)) return static_cast<Handle>(value);
  char text[32];
  std::snprintf(text, sizeof text, "%.17g", value);
  throw Error::wrong_argument(where, argument, "a handle", text);
}

Handle to_handle(const Napi::Value& value, const char* where, const char* argument) {
  if (!value.IsNumber()) throw Error::wrong_argument(where, argument, "a handle", describe_value(value));
  return handle_of(value.As<Napi::Number>().DoubleValue(), where, argument);
}

int32_t to_dtype(const Napi::Value& value, const char* where) {
  for (const int32_t dtype : {SJ_F32, SJ_BF16, SJ_I32}) {
    if (value.IsNumber() && value.As<Napi::Number>().DoubleValue() == dtype) return dtype;
  }
  throw Error::wrong_argument(where, "dtype", "0 (float32), 1 (bf16) or 2 (int32)", describe_value(value));
}

int32_t to_layout(const Napi::Value& value, const char* where) {
  for (const int32_t layout : {SJ_ROWS, SJ_PANELS}) {
    if (value.IsNumber() && value.As<Napi::Number>().DoubleValue() == layout) return layout;
  }
  throw Error::wrong_argument(where, "layout", "0 (rows) or 1 (panels)", describe_value(value));
}

Shape to_shape(const Napi::Value& value, const char* where) {
  if (!value.IsArray())
    throw Error::wrong_argument(where, "shape", "an array of 1 to 3 numbers", describe_value(value));
  const Napi::Array array = value.As<Napi::Array>();
  if (array.Length() < 1 || array.Length() > 3) {
    throw Error::wrong_argument(where, "shape", "1 to 3 dimensions", std::to_string(array.Length()));
  }
  Shape shape{{1, 1, 1}, static_cast<int>(array.Length())};
  for (int i = 0; i < shape.rank; ++i) {
    // The core refuses what is below 1, showing the whole shape.
    shape.dims[i] = to_integer(array.Get(i), -(int64_t{1} << 53), int64_t{1} << 53, where, "shape");
  }
  return shape;
}

Elements to_elements(const Napi::Value& value, const char* expected, const char* where,
                     const char* argument) {
  if (!value.IsTypedArray()) throw Error::wrong_argument(where, argument, expected, describe_value(value));
  const Napi::TypedArray array = value.As<Napi::TypedArray>();
  Elements elements{nullptr, 0, array.ByteLength(), array.TypedArrayType()};
  void* data = nullptr;
  napi_get_typedarray_info(value.Env(), value, nullptr, &elements.count, &data, nullptr, nullptr);
  elements.data = data;
  return elements;
}

Napi::Object from_info(Napi::Env env, const TensorInfo& info) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("handle", static_cast<double>(info.handle));
  object.Set("dtype", info.tensor.dtype);
  object.Set("layout", info.tensor.layout);
  Napi::Array shape = Napi::Array::New(env, info.tensor.rank);
  for (int i = 0; i < info.tensor.rank; ++i) shape.Set(i, static_cast<double>(info.tensor.dims[i]));
  object.Set("shape", shape);
  return object;
}

Napi::Error to_js(Napi::Env env, const Error& error) {
  Napi::Error js = Napi::Error::New(env, error.what());
  js.Set("code", name_of(error.code));
  js.Set("op", error.where);
  if (error.cause) {
    js.Set("sequence", static_cast<double>(error.cause->sequence));
    js.Set("cause", error.cause->cause);
  } else {
    js.Set("argument", error.argument);
    js.Set("expected", error.expected);
    js.Set("received", error.received);
  }
  return js;
}

}  // namespace selfjudge::addon
