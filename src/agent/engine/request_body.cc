#include "agent/engine/request_body.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/hash.h"
#include "base/json.h"

namespace cofferdam::agent {
namespace {

// Over everything that an encoding shows, and where one thing ends.
uint64_t HashOf(const Message& message) {
  uint64_t hash = static_cast<uint64_t>(message.role);
  const auto add = [&](std::string_view text) { hash = Hash64(text, hash); };
  add(message.text);
  add(message.note);
  add(message.thinking);
  add(message.call_id);
  for (const ToolCall& call : message.calls) {
    add(call.id);
    add(call.name);
    add(call.arguments);
  }
  return Hash64(std::to_string(message.calls.size()), hash);
}

// What the model said, with its reasoning where that goes into the text.
std::string WordsOf(const Message& message, ReasoningReplay reasoning) {
  if (message.thinking.empty() || reasoning != ReasoningReplay::kTags) {
    return SentText(message);
  }
  return fmt::format("<think>\n{}\n</think>\n\n{}", message.thinking,
                     message.text);
}

std::string UserWords(const Message& message, std::string_view system) {
  if (system.empty()) return SentText(message);
  return fmt::format("{}\n\n{}", system, SentText(message));
}

void WriteChatCalls(const Message& message, JsonWriter* out) {
  out->Key("tool_calls").BeginArray();
  for (const ToolCall& call : message.calls) {
    out->BeginObject()
        .Field("id", call.id)
        .Field("type", "function")
        .Key("function")
        .BeginObject()
        .Field("name", call.name)
        .Field("arguments", call.arguments)
        .EndObject()
        .EndObject();
  }
  out->EndArray();
}

void WriteChat(const Message& message, std::string_view system,
               ReasoningReplay reasoning, JsonWriter* out) {
  out->BeginObject().Field("role", RoleName(message.role));
  switch (message.role) {
    case Message::Role::kUser:
      out->Field("content", UserWords(message, system));
      break;
    case Message::Role::kTool:
      out->Field("tool_call_id", message.call_id)
          .Field("content", message.text);
      break;
    case Message::Role::kAssistant:
      if (reasoning == ReasoningReplay::kField) {
        out->FieldIfSet("reasoning_content", message.thinking);
      }
      out->Field("content", WordsOf(message, reasoning));
      if (!message.calls.empty()) WriteChatCalls(message, out);
      break;
  }
  out->EndObject();
}

void WriteText(std::string_view type, std::string_view text, JsonWriter* out) {
  out->Key("content")
      .BeginArray()
      .BeginObject()
      .Field("type", type)
      .Field("text", text);
  if (type == "output_text") out->Key("annotations").BeginArray().EndArray();
  out->EndObject().EndArray();
}

// Items of an assistant's message; `index` names those that need an id.
void WriteAssistantItems(const Message& message, size_t index,
                         ReasoningReplay reasoning, JsonWriter* out) {
  if (reasoning == ReasoningReplay::kField && !message.thinking.empty()) {
    out->BeginObject()
        .Field("type", "reasoning")
        .Field("id", fmt::format("rs_{}", index))
        .Key("summary")
        .BeginArray()
        .EndArray();
    WriteText("reasoning_text", message.thinking, out);
    out->EndObject();
  }
  const std::string words = WordsOf(message, reasoning);
  if (!words.empty() || message.calls.empty()) {
    out->BeginObject()
        .Field("type", "message")
        .Field("id", fmt::format("msg_{}", index))
        .Field("role", "assistant")
        .Field("status", "completed");
    WriteText("output_text", words, out);
    out->EndObject();
  }
  for (const ToolCall& call : message.calls) {
    out->BeginObject()
        .Field("type", "function_call")
        .Field("call_id", call.id)
        .Field("name", call.name)
        .Field("arguments", call.arguments)
        .EndObject();
  }
}

void WriteResponses(const Message& message, size_t index,
                    std::string_view system, ReasoningReplay reasoning,
                    JsonWriter* out) {
  switch (message.role) {
    case Message::Role::kUser:
      out->BeginObject().Field("type", "message").Field("role", "user");
      WriteText("input_text", UserWords(message, system), out);
      out->EndObject();
      return;
    case Message::Role::kTool:
      out->BeginObject()
          .Field("type", "function_call_output")
          .Field("call_id", message.call_id)
          .Field("output", message.text)
          .EndObject();
      return;
    case Message::Role::kAssistant:
      WriteAssistantItems(message, index, reasoning, out);
      return;
  }
}

void WriteTool(const ToolSpec& tool, EngineApi api, JsonWriter* out) {
  out->BeginObject().Field("type", "function");
  if (api == EngineApi::kChat) out->Key("function").BeginObject();
  out->Field("name", tool.name)
      .Field("description", tool.description)
      .Key("parameters")
      .Raw(tool.schema);
  // Left out, some engines take it for true, and grammars grow long.
  if (api == EngineApi::kResponses) out->Field("strict", false);
  if (api == EngineApi::kChat) out->EndObject();
  out->EndObject();
}

std::string_view ChoiceName(EngineRequest::ToolChoice choice) {
  using Choice = EngineRequest::ToolChoice;
  switch (choice) {
    case Choice::kAuto:
      return "auto";
    case Choice::kNone:
      return "none";
    case Choice::kRequired:
      return "required";
  }
  return "";
}

void WriteSampling(const Sampling& sampling, JsonWriter* out) {
  const auto number = [&](std::string_view name, std::optional<double> value) {
    if (value) out->Field(name, *value);
  };
  number("temperature", sampling.temperature);
  number("top_p", sampling.top_p);
  out->FieldIfSet("top_k", sampling.top_k);
  number("min_p", sampling.min_p);
  number("repetition_penalty", sampling.repetition_penalty);
  // llama.cpp's name for the same.
  number("repeat_penalty", sampling.repetition_penalty);
}

void WriteSchema(std::string_view schema, EngineApi api, JsonWriter* out) {
  if (api == EngineApi::kChat) {
    out->Key("response_format")
        .BeginObject()
        .Field("type", "json_schema")
        .Key("json_schema")
        .BeginObject()
        .Field("name", "answer")
        .Field("strict", true)
        .Key("schema")
        .Raw(schema)
        .EndObject()
        .EndObject();
    return;
  }
  out->Key("text")
      .BeginObject()
      .Key("format")
      .BeginObject()
      .Field("type", "json_schema")
      .Field("name", "answer")
      .Field("strict", true)
      .Key("schema")
      .Raw(schema)
      .EndObject()
      .EndObject();
}

// Without the braces around them.
std::string_view MembersIn(std::string_view object) {
  return object.substr(1, object.size() - 2);
}

}  // namespace

std::string RequestBody::Begin(const EngineRequest& request) const {
  JsonWriter out;
  out.BeginObject().Field("model", model_).Field("stream", true);
  const bool system_first =
      quirks_.system == SystemPlace::kOwn && !request.system.empty();
  if (api_ == EngineApi::kChat) {
    out.Key("stream_options")
        .BeginObject()
        .Field("include_usage", true)
        .EndObject();
  } else {
    out.Field("store", false);
    if (system_first) out.Field("instructions", request.system);
  }
  if (!request.tools.empty()) {
    out.Key("tools").BeginArray();
    for (const ToolSpec& tool : request.tools) WriteTool(tool, api_, &out);
    out.EndArray();
  }
  out.Key(api_ == EngineApi::kChat ? "messages" : "input").BeginArray();
  if (api_ == EngineApi::kChat && system_first) {
    out.BeginObject()
        .Field("role", "system")
        .Field("content", request.system)
        .EndObject();
  }
  return out.text();
}

void RequestBody::AppendMessage(const Message& message, size_t index,
                                std::string_view system) {
  JsonWriter out;
  out.BeginArray();
  if (api_ == EngineApi::kChat) {
    WriteChat(message, system, quirks_.reasoning, &out);
  } else {
    WriteResponses(message, index, system, quirks_.reasoning, &out);
  }
  const std::string_view written = out.text();
  if (!text_.ends_with('[')) text_ += ',';
  text_ += written.substr(1);
}

void RequestBody::AppendTail(const EngineRequest& request) {
  JsonWriter out;
  out.BeginObject();
  const bool is_chat = api_ == EngineApi::kChat;
  const std::string_view limit =
      !is_chat ? "max_output_tokens"
      : quirks_.output_limit == OutputLimitName::kMaxTokens
          ? "max_tokens"
          : "max_completion_tokens";
  out.FieldIfSet(limit, request.output_tokens_max);
  if (!request.tools.empty()) {
    out.Field("tool_choice", ChoiceName(request.tool_choice));
    if (quirks_.parallel_calls) {
      out.Field("parallel_tool_calls", *quirks_.parallel_calls);
    }
  }
  WriteSampling(request.sampling, &out);
  if (!request.answer_schema.empty()) {
    WriteSchema(request.answer_schema, api_, &out);
  }
  out.EndObject();
  text_ += ']';
  for (std::string_view members :
       {MembersIn(out.text()), quirks_.extra.empty()
                                   ? std::string_view()
                                   : MembersIn(quirks_.extra)}) {
    if (members.empty()) continue;
    text_ += ',';
    text_ += members;
  }
  text_ += '}';
}

std::string_view RequestBody::Write(const EngineRequest& request) {
  std::string begin = Begin(request);
  if (begin != begin_ || text_.empty()) {
    begin_ = std::move(begin);
    text_ = begin_;
    encoded_.clear();
    prefix_bytes_ = text_.size();
  }
  const bool system_in_user =
      quirks_.system == SystemPlace::kFirstUser && !request.system.empty();
  // A system prompt that stands in a message is part of what that shows.
  const uint64_t seed = system_in_user ? Hash64(request.system) : 0;
  bool first_user = system_in_user;
  bool same = true;
  messages_kept_ = 0;
  for (size_t i = 0; i < request.messages.size(); ++i) {
    const Message& message = request.messages[i];
    const bool takes_system =
        first_user && message.role == Message::Role::kUser;
    if (takes_system) first_user = false;
    const uint64_t hash = HashOf(message) ^ (takes_system ? seed : 0);
    if (same && i < encoded_.size() && encoded_[i].hash == hash) {
      ++messages_kept_;
      continue;
    }
    if (same) {
      same = false;
      encoded_.resize(i);
      text_.resize(i == 0 ? begin_.size() : encoded_[i - 1].end);
    }
    AppendMessage(message, i, takes_system ? request.system : "");
    encoded_.push_back({hash, text_.size()});
  }
  encoded_.resize(std::min(encoded_.size(), request.messages.size()));
  prefix_bytes_ = encoded_.empty() ? begin_.size() : encoded_.back().end;
  text_.resize(prefix_bytes_);
  AppendTail(request);
  return text_;
}

}  // namespace cofferdam::agent
