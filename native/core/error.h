// The one error type of the core. Every error says what was wrong, where, what was expected and what was
// received; the addon turns it into a JavaScript Error with these as own properties.
#pragma once
#include <cstdint>
#include <exception>
#include <optional>
#include <string>

namespace selfjudge {

enum class ErrorCode { WrongArgument, Disposed, Foreign, OutOfMemory, Fault, Internal };

// The stable name of a code, "SJ_WRONG_ARGUMENT".
const char* name_of(ErrorCode code);

// The first command of a stream that failed while running.
struct Fault {
  std::string op;
  uint64_t sequence = 0;  // which command of the stream told it, counting from 1
  std::string cause;
};

class Error : public std::exception {
 public:
  // "[where] argument: expected ..., received ..."
  static Error wrong_argument(std::string where, std::string argument, std::string expected,
                              std::string received);
  static Error disposed(std::string where, std::string argument, std::string received);
  static Error foreign(std::string where, std::string argument);
  static Error out_of_memory(std::string where, std::string expected, std::string received);
  static Error fault(const Fault& fault);
  static Error internal(std::string where, std::string message);

  const char* what() const noexcept override { return message_.c_str(); }

  ErrorCode code;
  std::string where, argument, expected, received;
  std::optional<Fault> cause;  // SJ_FAULT only

 private:
  Error(ErrorCode code, std::string where, std::string argument, std::string expected, std::string received);
  std::string message_;
};

}  // namespace selfjudge
