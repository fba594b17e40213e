#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/check.h"

namespace cofferdam {

// What kind of failure an Error is: what a caller can do about it, not where
// it came from. One table (HttpStatus, ExitCode) maps codes to the outside.
enum class Code {
  kInvalid,          // the input is wrong; the same input fails again
  kNotFound,         // the named thing does not exist
  kConflict,         // exists already, or is held by somebody else
  kUnauthenticated,  // no credential, or one that is not known
  kDenied,           // known, but not allowed
  kTooLarge,         // a named limit on size or depth was reached
  kExhausted,        // a queue, quota or disk is full; may pass later
  kUnavailable,      // a store or peer cannot be reached now
  kDeadline,         // a wait reached its limit
  kCancelled,        // the one who asked has gone
  kCorrupt,          // stored or received bytes break their format
  kInternal,         // a fault of ours
};

// "invalid", "not_found", …: stable, for logs and JSON.
std::string_view CodeName(Code code);
std::optional<Code> ParseCode(std::string_view name);
// The HTTP status our own answers use for `code`, 400..599.
int HttpStatus(Code code);
// The process exit code for `code`: 2 for every failure (1 is kept for
// negative results, which are not errors).
int ExitCode(Code code);

// A failure. The message reads from outside in and names the thing:
// "load config cofferdam.toml: [rule.2] provider: unknown \"antropic\"".
// It never holds a key, a prompt or an output.
class [[nodiscard]] Error {
 public:
  Error(Code code, std::string message)
      : code_(code), message_(std::move(message)) {}

  Code code() const { return code_; }
  const std::string& message() const { return message_; }

  // The same failure seen from one step further out: "`context`: message".
  Error Within(std::string_view context) &&;
  Error Within(std::string_view context) const&;

  // kUnavailable, kExhausted, … from an errno value, with its text.
  static Error FromErrno(int error_number, std::string_view what);

 private:
  Code code_;
  std::string message_;
};

// Either a value or an Error. Reading the one that is not there is our own
// mistake and ends the process.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & {
    CHECK_OK(*this);
    return std::get<0>(state_);
  }
  const T& value() const& {
    CHECK_OK(*this);
    return std::get<0>(state_);
  }
  T&& value() && {
    CHECK_OK(*this);
    return std::get<0>(std::move(state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T value_or(T fallback) && {
    return ok() ? std::get<0>(std::move(state_)) : std::move(fallback);
  }

  const Error& error() const& {
    CHECK(!ok());
    return std::get<1>(state_);
  }
  Error&& error() && {
    CHECK(!ok());
    return std::get<1>(std::move(state_));
  }

 private:
  std::variant<T, Error> state_;
};

// Success, or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const& {
    CHECK(error_.has_value());
    return *error_;
  }
  Error&& error() && {
    CHECK(error_.has_value());
    return std::move(*error_);
  }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

// TRY(expr);                 returns the error of `expr` from this function.
// TRY_ASSIGN(auto x, expr);  the same, else declares x with the value.
// In coroutines use CO_TRY and CO_TRY_ASSIGN.
#define COFFERDAM_CONCAT_(a, b) a##b
#define COFFERDAM_CONCAT(a, b) COFFERDAM_CONCAT_(a, b)
#define COFFERDAM_TRY_(ret, tmp, expr) \
  do {                                 \
    auto tmp = (expr);                 \
    if (!tmp.ok()) {                   \
      ret std::move(tmp).error();      \
    }                                  \
  } while (false)
#define COFFERDAM_TRY_ASSIGN_(ret, tmp, lhs, expr) \
  auto tmp = (expr);                               \
  if (!tmp.ok()) {                                 \
    ret std::move(tmp).error();                    \
  }                                                \
  lhs = *std::move(tmp)
#define TRY(expr) \
  COFFERDAM_TRY_(return, COFFERDAM_CONCAT(try_result_, __LINE__), expr)
#define TRY_ASSIGN(lhs, expr)                                                 \
  COFFERDAM_TRY_ASSIGN_(return, COFFERDAM_CONCAT(try_result_, __LINE__), lhs, \
                              expr)
#define CO_TRY(expr) \
  COFFERDAM_TRY_(co_return, COFFERDAM_CONCAT(try_result_, __LINE__), expr)
#define CO_TRY_ASSIGN(lhs, expr)                                            \
  COFFERDAM_TRY_ASSIGN_(co_return, COFFERDAM_CONCAT(try_result_, __LINE__), \
                        lhs, expr)

}  // namespace cofferdam
