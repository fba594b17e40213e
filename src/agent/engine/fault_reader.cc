#include "agent/engine/fault_reader.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <iterator>
#include <string>

#include "wire/lenient_json.h"

namespace cofferdam::agent {
namespace {

using Kind = EngineFault::Kind;

// What an error says, from whichever member holds it.
struct Said {
  std::string message;
  std::string type;  // lower case, as the rest: type and code together
  std::optional<int64_t> context_tokens;
  int status = 0;
};

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  });
  return lower;
}

bool HoldsOneOf(std::string_view text,
                std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
    return text.find(word) != std::string_view::npos;
  });
}

void AddWord(const JsonValue& value, std::string* words) {
  if (value.is_string()) *words += Lower(value.StringOrEmpty()) + ' ';
}

// `detail` of FastAPI: a string, or a list of what is wrong where.
std::string DetailOf(const JsonValue& detail) {
  if (detail.is_string()) return std::string(detail.StringOrEmpty());
  std::string all;
  for (const JsonValue& row : detail.Elements()) {
    if (!all.empty()) all += "; ";
    all += row["msg"].StringOrEmpty();
    for (const JsonValue& place : row["loc"].Elements()) {
      all += all.ends_with(')') ? "" : " (";
      all += place.StringOrEmpty();
      all += ')';
      break;
    }
  }
  return all;
}

Said Read(const JsonValue& root) {
  Said said;
  JsonValue error = root["error"];
  // A proxy's own shape around the engine's.
  if (error["error"].is_object()) error = error["error"];
  if (error["message"].is_object()) error = error["message"];
  const JsonValue from = error.is_object() ? error : root;
  said.message = error.is_string() ? error.StringOrEmpty()
                                   : from["message"].StringOrEmpty();
  if (said.message.empty()) said.message = DetailOf(root["detail"]);
  if (said.message.empty()) {
    said.message = from["code"].StringOrEmpty();
  }
  AddWord(from["type"], &said.type);
  AddWord(from["code"], &said.type);
  const JsonValue code = from["code"];
  if (const auto number = code.Int();
      number && *number >= 400 && *number < 600) {
    said.status = static_cast<int>(*number);
  }
  if (const auto tokens = from["n_ctx"].Int(); tokens && *tokens > 0) {
    said.context_tokens = tokens;
  }
  return said;
}

// The first number after one of the phrases that name the context's size.
std::optional<int64_t> ContextIn(std::string_view lower) {
  static constexpr std::string_view kPhrases[] = {
      "maximum context length", "model's context length",
      "available context size", "maximum model length",
      "maximum allowed length", "context length of",
      "context window of",      "context size of",
      "context size",           "context length",
      "context window",         "max_model_len",
  };
  constexpr size_t kNear = 24;
  for (std::string_view phrase : kPhrases) {
    const size_t at = lower.find(phrase);
    if (at == std::string_view::npos) continue;
    std::string_view rest = lower.substr(at + phrase.size(), kNear + 20);
    const size_t digit = rest.find_first_of("0123456789");
    if (digit == std::string_view::npos || digit > kNear) continue;
    rest.remove_prefix(digit);
    int64_t tokens = 0;
    std::from_chars(rest.data(), rest.data() + rest.size(), tokens);
    if (tokens > 0) return tokens;
  }
  return std::nullopt;
}

bool IsContext(std::string_view type, std::string_view lower) {
  return HoldsOneOf(type, {"exceed_context_size", "context_length_exceeded",
                           "context_window_exceeded", "string_above_max"}) ||
         HoldsOneOf(lower, {"maximum context length",
                            "context length exceeded",
                            "exceeds the available context",
                            "exceeds the context",
                            "exceed context",
                            "model's context length",
                            "context window",
                            "maximum model length",
                            "maximum allowed length",
                            "exceeds maximum context",
                            "context the overflows",
                            "context overflow",
                            "prompt is too long",
                            "too many tokens",
                            "input is too long",
                            "larger than the context",
                            "exceeds the maximum number of tokens",
                            "context size has been",
                            "reduce the length of the",
                            "number of input tokens",
                            "max_tokens must be at least 1, got -"});
}

bool IsUnparsable(std::string_view type, std::string_view lower) {
  return HoldsOneOf(type, {"tool_use_failed"}) ||
         HoldsOneOf(lower, {"failed to parse input", "failed to parse tool",
                            "failed to parse the model", "error parsing tool",
                            "parsing tool call", "does not match the expected",
                            "invalid diff", "finding less tool calls",
                            "unexpected tokens remaining in message header",
                            "harmony", "could not parse", "failed_generation",
                            "parse tool call"});
}

Kind KindOf(int status, const Said& said, const http::Headers& headers) {
  const std::string lower = Lower(said.message);
  // Before the unparsable: vLLM's own 400 of a history that it cannot read is
  // neither.
  if (IsContext(said.type, lower) && status != 401 && status != 403 &&
      status != 429) {
    return Kind::kContextTooLong;
  }
  if ((status >= 500 || HoldsOneOf(said.type, {"tool_use_failed"})) &&
      IsUnparsable(said.type, lower)) {
    return Kind::kUnparsable;
  }
  // The gate bends a refusal to the status that each agent shows, and says
  // with it that trying again is of no use.
  const bool is_final = headers.GetOrEmpty("x-should-retry") == "false";
  switch (status) {
    case 401:
    case 402:
    case 403:
    case 407:
    case 451:
      return Kind::kRefused;
    case 413:
      return Kind::kContextTooLong;
    case 408:
    case 409:
    case 425:
      return Kind::kOverloaded;
    case 429:
      return is_final || HoldsOneOf(said.type, {"insufficient_quota"})
                 ? Kind::kRefused
                 : Kind::kRateLimited;
    case 503:
      if (headers.Has("retry-after") || headers.Has("retry-after-ms")) {
        return Kind::kRateLimited;
      }
      break;
    default:
      break;
  }
  if (is_final && headers.Has("x-cofferdam-exchange")) return Kind::kRefused;
  if (status >= 500) {
    return status == 501 || status == 505 ? Kind::kBadRequest
                                          : Kind::kOverloaded;
  }
  return status >= 300 ? Kind::kBadRequest : Kind::kBadAnswer;
}

// Milliseconds; a date counts as none.
int64_t RetryAfter(const http::Headers& headers) {
  const auto number = [](std::string_view text, double factor) -> int64_t {
    double value = 0;
    const auto read =
        std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec != std::errc() || !(value > 0)) return 0;
    // "3", "2.5"; what follows a number that is no number makes it a date.
    if (read.ptr != text.data() + text.size()) return 0;
    return static_cast<int64_t>(
        std::min(value * factor, static_cast<double>(kFaultRetryMsMax)));
  };
  if (const int64_t ms = number(headers.GetOrEmpty("retry-after-ms"), 1)) {
    return ms;
  }
  return number(headers.GetOrEmpty("retry-after"), 1000);
}

std::string NoWords(int status, std::string_view body) {
  if (status >= 300 && status < 400) {
    return "the engine sends elsewhere; give the URL where it really is";
  }
  if (body.find("<html") != std::string_view::npos ||
      body.find("<!DOCTYPE") != std::string_view::npos ||
      body.find("<!doctype") != std::string_view::npos) {
    return "a web page came instead of an engine's answer";
  }
  return std::string(http::ReasonOf(status));
}

EngineFault FaultOf(int status, const http::Headers& headers, Said said) {
  EngineFault fault;
  fault.status = status;
  fault.kind = KindOf(status, said, headers);
  fault.message = FaultWords(said.message);
  if (fault.message.empty()) fault.message = http::ReasonOf(status);
  fault.retry_after_ms = RetryAfter(headers);
  if (fault.kind == Kind::kContextTooLong) {
    fault.context_tokens = said.context_tokens ? said.context_tokens
                                               : ContextIn(Lower(said.message));
  }
  return fault;
}

}  // namespace

std::string FaultWords(std::string_view text) {
  std::string line(text.substr(0, kFaultMessageBytesMax + 4));
  if (!IsUtf8(text)) {
    // What is no UTF-8 becomes U+FFFD where JSON is written, and a part of a
    // character at the end is cut below.
    std::string array = "[";
    AppendJsonString(text.substr(0, kFaultMessageBytesMax), &array);
    array += ']';
    const auto json = JsonDocument::Parse(array);
    line = json.ok() ? json->root().At(0).StringOrEmpty() : "";
  }
  line = wire::CutUtf8(line, kFaultMessageBytesMax);
  std::replace_if(
      line.begin(), line.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; },
      ' ');
  const size_t last = line.find_last_not_of(' ');
  line.resize(last == std::string::npos ? 0 : last + 1);
  return line;
}

EngineFault FaultOfStatus(int status, const http::Headers& headers,
                          std::string_view body) {
  Said said;
  auto json = wire::ParseLenient(body, wire::Halves::kReplace);
  if (json.ok() && json->document.root().is_object()) {
    said = Read(json->document.root());
  } else if (const size_t begin = body.find_first_not_of(" \t\r\n");
             begin != std::string_view::npos && body[begin] != '<') {
    said.message = body.substr(begin);
  }
  if (said.message.empty()) said.message = NoWords(status, body);
  return FaultOf(status, headers, std::move(said));
}

EngineFault FaultInStream(const JsonValue& event) {
  Said said = Read(event);
  if (said.message.empty()) said.message = "the engine failed";
  // An engine that fails in the middle has no better status than this.
  const int status = said.status != 0 ? said.status : 500;
  return FaultOf(status, {}, std::move(said));
}

}  // namespace cofferdam::agent
