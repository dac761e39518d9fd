#include "core/error.h"

#include <utility>

namespace selfjudge {

const char* name_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::WrongArgument:
      return "SJ_WRONG_ARGUMENT";
    case ErrorCode::Disposed:
      return "SJ_DISPOSED";
    case ErrorCode::Foreign:
      return "SJ_FOREIGN";
    case ErrorCode::OutOfMemory:
      return "SJ_OUT_OF_MEMORY";
    case ErrorCode::Fault:
      return "SJ_FAULT";
    case ErrorCode::Internal:
      break;
  }
  return "SJ_INTERNAL";
}

Error::Error(ErrorCode code, std::string where, std::string argument, std::string expected,
             std::string received)
    : code(code),
      where(std::move(where)),
      argument(std::move(argument)),
      expected(std::move(expected)),
      received(std::move(received)) {
  message_ = "[" + this->where + "] ";
  if (!this->argument.empty()) message_ += this->argument + ": ";
  message_ += "expected " + this->expected + ", received " + this->received;
}

Error Error::wrong_argument(std::string where, std::string argument, std::string expected,
                            std::string received) {
  return {ErrorCode::WrongArgument, std::move(where), std::move(argument), std::move(expected),
          std::move(received)};
}

Error Error::disposed(std::string where, std::string argument, std::string received) {
  return {ErrorCode::Disposed, std::move(where), std::move(argument), "a live handle", std::move(received)};
}

Error Error::foreign(std::string where, std::string argument) {
  return {ErrorCode::Foreign, std::move(where), std::move(argument), "a handle of this device",
          "one of another device or environment"};
}

Error Error::out_of_memory(std::string where, std::string expected, std::string received) {
  return {ErrorCode::OutOfMemory, std::move(where), "memory", std::move(expected), std::move(received)};
}

Error Error::fault(const Fault& fault) {
  Error error(ErrorCode::Fault, fault.op, "", "", "");
  error.message_ = "[" + fault.op + "] command " + std::to_string(fault.sequence) +
                   " failed: " + fault.cause + "; the device skips all work until recover()";
  error.cause = fault;
  return error;
}

Error Error::internal(std::string where, std::string message) {
  Error error(ErrorCode::Internal, std::move(where), "", "", "");
  error.message_ = "[" + error.where + "] " + message;
  return error;
}

}  // namespace selfjudge
