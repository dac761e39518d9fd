// How a backend says what went wrong.
#pragma once
#include <cstdarg>
#include <cstdint>
#include <cstdio>

#include "../include/backend.h"

namespace selfjudge {

// Fills *error, which may be null, and returns code; `format` as printf.
[[gnu::noinline, gnu::format(printf, 3, 4)]] inline int32_t fail(sj_error* error, sj_code code,
                                                                 const char* format, ...) {
  if (error) {
    error->code = code;
    va_list args;
    va_start(args, format);
    std::vsnprintf(error->message, sizeof error->message, format, args);
    va_end(args);
  }
  return code;
}

}  // namespace selfjudge
