#include "agent/engine/answer_reader.h"

#include <fmt/format.h>

#include <string>

#include "agent/engine/fault_reader.h"
#include "wire/lenient_json.h"

namespace cofferdam::agent {
namespace {

std::string_view Trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

// Bytes that are no UTF-8, as engines send them that cut a token inside a
// character, become U+FFFD.
std::string WithoutBadBytes(std::string_view text) {
  std::string array = "[";
  AppendJsonString(text, &array);
  array += ']';
  auto parsed = JsonDocument::Parse(array);
  if (!parsed.ok()) return std::string(text);
  return std::string(parsed->root().At(0).StringOrEmpty());
}

}  // namespace

std::unique_ptr<AnswerReader> AnswerReader::Make(EngineApi api,
                                                 AnswerListener& listener) {
  return api == EngineApi::kChat ? MakeChatReader(listener)
                                 : MakeResponsesReader(listener);
}

void AnswerReader::OnEvent(std::string_view name, std::string_view data) {
  if (builder_.failed()) return;
  const std::string_view text = Trimmed(data);
  if (text == "[DONE]") {
    builder_.set_done();
    return;
  }
  // Signs of life ("ping", "OPENROUTER PROCESSING") are no JSON.
  if (!text.starts_with('{')) return;
  Read(name, text, true);
}

void AnswerReader::OnBody(std::string_view body) {
  if (!builder_.failed()) Read("", Trimmed(body), false);
}

void AnswerReader::Read(std::string_view name, std::string_view text,
                        bool is_event) {
  auto json = wire::ParseLenient(text, wire::Halves::kMark);
  if (!json.ok() && !IsUtf8(text)) {
    json = wire::ParseLenient(WithoutBadBytes(text), wire::Halves::kMark);
  }
  if (!json.ok() || !json->document.root().is_object()) {
    builder_.Fail({.kind = EngineFault::Kind::kBadAnswer,
                   .message = fmt::format("the engine sent no JSON: {}",
                                          FaultWords(text))});
    return;
  }
  const JsonValue root = json->document.root();
  if (ReadError(name, root)) return;
  if (is_event) {
    ReadEvent(name, root, json->marked);
  } else {
    ReadWhole(root, json->marked);
    builder_.set_done();
  }
}

bool AnswerReader::ReadError(std::string_view name, const JsonValue& event) {
  const JsonValue error = event["error"];
  const bool is_error = error.is_object() || error.is_string() ||
                        name == "error" ||
                        event["type"].StringOrEmpty() == "error" ||
                        event["object"].StringOrEmpty() == "error";
  if (!is_error) return false;
  builder_.Fail(FaultInStream(event));
  return true;
}

}  // namespace cofferdam::agent
