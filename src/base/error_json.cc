#include "base/error_json.h"

#include <utility>

#include "base/json.h"

namespace cofferdam {

std::string ErrorToJson(const Error& error) {
  JsonWriter json;
  json.BeginObject()
      .Key("error")
      .BeginObject()
      .Field("code", CodeName(error.code()))
      .Field("message", error.message())
      .EndObject()
      .EndObject();
  return std::move(json).Take();
}

Error ErrorFromJson(std::string_view json) {
  auto document = JsonDocument::Parse(json);
  if (document.ok()) {
    JsonValue error = (*document)["error"];
    auto code = ParseCode(error["code"].StringOrEmpty());
    auto message = error["message"].String();
    if (code && message) return Error(*code, std::string(*message));
  }
  return Error(Code::kInternal, "the server's answer cannot be read");
}

}  // namespace cofferdam
