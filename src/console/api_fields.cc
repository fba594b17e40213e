#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/clock.h"
#include "console/api_internal.h"

namespace cofferdam::console {
namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr int64_t kForSecondsMax = int64_t{366} * 24 * 3600;

}  // namespace

Result<std::string_view> Text(const JsonDocument& body, std::string_view name) {
  JsonValue value = body[name];
  if (!value.present()) return std::string_view();
  if (auto text = value.String()) return *text;
  return Error(Code::kInvalid, fmt::format("{}: must be a string", name));
}

Result<std::optional<int64_t>> Number(const JsonDocument& body,
                                      std::string_view name) {
  JsonValue value = body[name];
  if (!value.present()) return std::optional<int64_t>();
  if (auto number = value.Int()) return number;
  return Error(Code::kInvalid, fmt::format("{}: must be a whole number", name));
}

Result<bool> Truth(const JsonDocument& body, std::string_view name) {
  JsonValue value = body[name];
  if (!value.present()) return false;
  if (auto truth = value.Bool()) return *truth;
  return Error(Code::kInvalid, fmt::format("{}: must be true or false", name));
}

std::string_view QueryText(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.size() > name.size() && pair.starts_with(name) &&
        pair[name.size()] == '=') {
      return pair.substr(name.size() + 1);
    }
  }
  return {};
}

Result<int64_t> QueryNumber(std::string_view query, std::string_view name,
                            int64_t fallback, int64_t max) {
  std::string_view text = QueryText(query, name);
  if (text.empty()) return fallback;
  int64_t number = 0;
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0 ||
      number > max) {
    return Error(Code::kInvalid, fmt::format("{}: must be a number from 0 to "
                                             "{}, not \"{}\"",
                                             name, max, text));
  }
  return number;
}

std::string_view LastName(const ApiRequest& request) {
  std::string_view path = request.path;
  return path.substr(path.rfind('/') + 1);
}

Status Require(const ApiRequest& request, policy::Permission permission) {
  if (!request.role || policy::May(*request.role, permission)) return {};
  return Error(Code::kDenied,
               fmt::format("a key of role {} may not {} {}; this takes {}",
                           policy::RoleName(*request.role), request.method,
                           request.path, policy::RolesWith(permission)));
}

Result<std::optional<int64_t>> Until(const JsonDocument& body) {
  TRY_ASSIGN(std::optional<int64_t> seconds, Number(body, "for_seconds"));
  if (!seconds) return seconds;
  if (*seconds < 1 || *seconds > kForSecondsMax) {
    return Error(Code::kInvalid,
                 fmt::format("for_seconds: must be 1 to {}", kForSecondsMax));
  }
  return std::optional<int64_t>(SystemClock().WallMicros() +
                                *seconds * kMicrosPerSecond);
}

std::string NameOfPerson(Stores& stores, std::string_view person_id) {
  auto person = stores.policy().directory()->FindPerson(person_id);
  return person && !person->email.empty() ? person->email
                                          : std::string(person_id);
}

std::string NameOfActor(Stores& stores, std::string_view actor) {
  auto key = stores.policy().directory()->FindKey(actor);
  return key ? NameOfPerson(stores, key->person_id) : std::string(actor);
}

void WriteTime(JsonWriter* json, std::string_view name,
               std::optional<int64_t> micros) {
  if (micros) json->Field(name, FormatTime(*micros));
}

}  // namespace cofferdam::console
