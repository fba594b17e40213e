#include "wire/provider_names.h"

#include <algorithm>

#include "wire/lenient_json.h"

namespace cofferdam::wire {

std::string ErrorName(std::string_view name) {
  if (name.empty()) return {};
  bool is_name =
      name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.' ||
               c == '/';
      });
  return std::string(is_name ? name : "other");
}

std::string ShortName(std::string_view name) {
  return std::string(CutUtf8(name, 256));
}

std::string ErrorNameOf(const JsonValue& body) {
  JsonValue error = body["error"];
  if (error.is_string() && !error.StringOrEmpty().empty()) return "other";
  if (!error.is_object()) return {};
  for (std::string_view name : {"type", "code", "status"}) {
    std::string_view word = error[name].StringOrEmpty();
    if (!word.empty()) return ErrorName(word);
  }
  if (auto number = error["code"].Int()) return std::to_string(*number);
  return "other";
}

}  // namespace cofferdam::wire
