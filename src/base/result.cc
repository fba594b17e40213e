#include "base/result.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace cofferdam {
namespace {

struct CodeRow {
  Code code;
  std::string_view name;
  int http_status;
};

constexpr CodeRow kCodes[] = {
    {Code::kInvalid, "invalid", 400},
    {Code::kNotFound, "not_found", 404},
    {Code::kConflict, "conflict", 409},
    {Code::kUnauthenticated, "unauthenticated", 401},
    {Code::kDenied, "denied", 403},
    {Code::kTooLarge, "too_large", 413},
    {Code::kExhausted, "exhausted", 503},
    {Code::kUnavailable, "unavailable", 503},
    {Code::kDeadline, "deadline", 504},
    {Code::kCancelled, "cancelled", 499},
    {Code::kCorrupt, "corrupt", 500},
    {Code::kInternal, "internal", 500},
};

const CodeRow& Row(Code code) {
  const CodeRow& row = kCodes[static_cast<size_t>(code)];
  CHECK(row.code == code);
  return row;
}

Code CodeOfErrno(int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
      return Code::kNotFound;
    case EACCES:
    case EPERM:
    case EROFS:
      return Code::kDenied;
    case EEXIST:
    case EADDRINUSE:
      return Code::kConflict;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return Code::kExhausted;
    case EFBIG:
      return Code::kTooLarge;
    case ETIMEDOUT:
      return Code::kDeadline;
    case EINVAL:
    case EISDIR:
    case ENAMETOOLONG:
    case ELOOP:
      return Code::kInvalid;
    default:
      return Code::kUnavailable;
  }
}

}  // namespace

std::string_view CodeName(Code code) { return Row(code).name; }

std::optional<Code> ParseCode(std::string_view name) {
  for (const CodeRow& row : kCodes) {
    if (row.name == name) return row.code;
  }
  return std::nullopt;
}

int HttpStatus(Code code) { return Row(code).http_status; }

int ExitCode(Code) { return 2; }

Error Error::Within(std::string_view context) && {
  message_.insert(0, ": ");
  message_.insert(0, context);
  return std::move(*this);
}

Error Error::Within(std::string_view context) const& {
  return Error(*this).Within(context);
}

Error Error::FromErrno(int error_number, std::string_view what) {
  // Linux gives the same texts to every thread; strerror_r only for safety.
  char buffer[128];
  const char* text = strerror_r(error_number, buffer, sizeof(buffer));
  return Error(CodeOfErrno(error_number), fmt::format("{}: {}", what, text));
}

void CheckFailed(std::string_view condition, const char* file, int line) {
  std::fprintf(stderr, "CHECK failed: %.*s at %s:%d\n",
               static_cast<int>(condition.size()), condition.data(), file,
               line);
  std::fflush(stderr);
  std::abort();
}

}  // namespace cofferdam
