#include "wire/request_media.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "wire/proto_json.h"

namespace cofferdam::wire {
namespace {

bool IsOneOf(std::string_view word,
             std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool StartsWithOneOf(std::string_view word,
                     std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view start) {
    return word.starts_with(start);
  });
}

// What a URL names: bytes that stand in it, or something elsewhere.
bool IsInline(std::string_view url) { return url.starts_with("data:"); }

// --- Anthropic ---------------------------------------------------------------

void AddSource(std::string_view block_type, const JsonValue& block,
               RequestMedia* media);

void AddBlocks(const JsonValue& content, RequestMedia* media) {
  for (const JsonValue& block : content.Elements()) {
    AddSource(block["type"].StringOrEmpty(), block, media);
  }
}

void AddSource(std::string_view block_type, const JsonValue& block,
               RequestMedia* media) {
  if (IsOneOf(block_type, {"text", "thinking", "tool_use"})) return;
  if (block_type == "container_upload") ++media->referenced;
  // Results of tools hold blocks of their own.
  AddBlocks(block["content"], media);
  const JsonValue source = block["source"];
  const std::string_view type = source["type"].StringOrEmpty();
  if (type == "content") {
    AddBlocks(source["content"], media);
  } else if (type == "base64") {
    ++(block_type == "image" ? media->inline_small : media->inline_large);
  } else if (source.is_object() && type != "text") {
    ++media->referenced;
  }
}

// Tools by Anthropic's names that the client runs.
bool IsClientTool(std::string_view type) {
  return type.empty() || type == "custom" ||
         StartsWithOneOf(type,
                         {"bash_", "text_editor_", "computer_", "memory_"});
}

void ReadAnthropic(const JsonValue& root, RequestMedia* media) {
  AddBlocks(root["system"], media);
  for (const JsonValue& message : root["messages"].Elements()) {
    AddBlocks(message["content"], media);
  }
  for (const JsonValue& tool : root["tools"].Elements()) {
    const std::string_view type = tool["type"].StringOrEmpty();
    if (type.starts_with("web_search")) {
      ++media->web_searches;
    } else if (!IsClientTool(type)) {
      ++media->server_tools;
    }
  }
  for (const JsonValue& server : root["mcp_servers"].Elements()) {
    if (server.present()) ++media->server_tools;
  }
  // The model is asked once more, to sum the conversation up.
  for (const JsonValue& edit : root["context_management"]["edits"].Elements()) {
    if (edit["type"].StringOrEmpty().starts_with("compact")) {
      ++media->server_tools;
    }
  }
}

bool IsHour(const JsonValue& marked) {
  return marked["cache_control"]["ttl"].StringOrEmpty() == "1h";
}

bool AnyHour(const JsonValue& content) {
  for (const JsonValue& block : content.Elements()) {
    if (IsHour(block)) return true;
    const JsonValue inner = block["content"];
    if (inner.is_array() && AnyHour(inner)) return true;
  }
  return false;
}

// --- OpenAI ------------------------------------------------------------------

void AddUrl(std::string_view url, RequestMedia* media) {
  if (url.empty()) return;
  ++(IsInline(url) ? media->inline_small : media->referenced);
}

// A piece of a message, in the words of Responses or of Chat Completions.
void AddPiece(const JsonValue& piece, RequestMedia* media) {
  const std::string_view type = piece["type"].StringOrEmpty();
  if (IsOneOf(type, {"text", "input_text", "output_text", "refusal"})) return;
  if (type == "input_audio") {
    ++media->inline_small;
    return;
  }
  const JsonValue image = piece["image_url"];
  AddUrl(image.StringOrEmpty(), media);
  AddUrl(image["url"].StringOrEmpty(), media);
  // vLLM and routers know films and sounds by URL, too.
  for (std::string_view name : {"video_url", "audio_url", "file_url"}) {
    const JsonValue named = piece[name];
    const JsonValue url = named["url"];
    const std::string_view text =
        url.is_string() ? url.StringOrEmpty() : named.StringOrEmpty();
    if (text.empty()) continue;
    ++(IsInline(text) ? media->inline_large : media->referenced);
  }
  const JsonValue inner = piece["file"];
  for (const JsonValue& file : {piece, inner}) {
    if (!file["file_data"].StringOrEmpty().empty()) ++media->inline_large;
    if (!file["file_id"].StringOrEmpty().empty()) ++media->referenced;
  }
}

void AddPieces(const JsonValue& content, RequestMedia* media) {
  for (const JsonValue& piece : content.Elements()) AddPiece(piece, media);
}

bool IsNamed(const JsonValue& value) {
  return !value.StringOrEmpty().empty() || value.is_object();
}

void ReadResponses(const JsonValue& root, RequestMedia* media) {
  for (const JsonValue& item : root["input"].Elements()) {
    if (item["type"].StringOrEmpty() == "item_reference") {
      ++media->stored_context;
    }
    AddPieces(item["content"], media);
    const JsonValue output = item["output"];
    AddPieces(output, media);
    if (output.is_object()) AddPiece(output, media);
  }
  for (std::string_view name :
       {"previous_response_id", "conversation", "prompt"}) {
    if (IsNamed(root[name])) ++media->stored_context;
  }
  for (const JsonValue& tool : root["tools"].Elements()) {
    const std::string_view type = tool["type"].StringOrEmpty();
    if (type.starts_with("web_search")) {
      ++media->web_searches;
    } else if (!IsOneOf(type,
                        {"", "function", "custom", "local_shell", "apply_patch",
                         "namespace", "computer", "computer_use_preview"}) &&
               // A shell runs at the provider only in a container of its own.
               !(type == "shell" &&
                 !tool["environment"]["type"].StringOrEmpty().starts_with(
                     "container")) &&
               !(type == "tool_search" &&
                 tool["execution"].StringOrEmpty() == "client")) {
      ++media->server_tools;
    }
  }
}

void ReadChat(const JsonValue& root, RequestMedia* media) {
  for (const JsonValue& message : root["messages"].Elements()) {
    AddPieces(message["content"], media);
    // An answer in sound that is taken up again.
    if (IsNamed(message["audio"]["id"])) ++media->stored_context;
  }
  for (const JsonValue& tool : root["tools"].Elements()) {
    const std::string_view type = tool["type"].StringOrEmpty();
    if (type.starts_with("web_search")) {
      ++media->web_searches;
    } else if (!IsOneOf(type, {"", "function", "custom"})) {
      ++media->server_tools;
    }
  }
  // OpenAI's, xAI's and OpenRouter's ways to ask for a search.
  for (std::string_view name :
       {"web_search_options", "search_parameters", "plugins"}) {
    const JsonValue asked = root[name];
    if (asked.is_object() || !asked.Elements().empty()) ++media->web_searches;
  }
}

// --- Gemini ------------------------------------------------------------------

void AddGeminiParts(const JsonValue& content, RequestMedia* media) {
  for (const JsonValue& part : content["parts"].Elements()) {
    const JsonValue data = EitherOf(part, "inlineData");
    if (data.is_object()) {
      const std::string_view type = EitherOf(data, "mimeType").StringOrEmpty();
      const bool small = StartsWithOneOf(type, {"image/", "audio/", "text/"});
      ++(small ? media->inline_small : media->inline_large);
    }
    if (EitherOf(part, "fileData").is_object()) ++media->referenced;
    // What a function answered may hold media of its own.
    const JsonValue answered = EitherOf(part, "functionResponse");
    if (answered.is_object()) AddGeminiParts(answered, media);
  }
}

void ReadGemini(const JsonValue& root, RequestMedia* media) {
  AddGeminiParts(EitherOf(root, "systemInstruction"), media);
  for (const JsonValue& content : root["contents"].Elements()) {
    AddGeminiParts(content, media);
  }
  if (!EitherOf(root, "cachedContent").StringOrEmpty().empty()) {
    ++media->stored_context;
  }
  for (const JsonValue& tool : root["tools"].Elements()) {
    for (const auto& [name, value] : tool.Members()) {
      if (IsOneOf(name, {"functionDeclarations", "function_declarations",
                         "computerUse", "computer_use"})) {
        continue;
      }
      const bool search =
          StartsWithOneOf(name, {"googleSearch", "google_search"});
      ++(search ? media->web_searches : media->server_tools);
    }
  }
}

}  // namespace

RequestMedia ReadRequestMedia(Protocol protocol, const JsonValue& root) {
  RequestMedia media;
  switch (protocol) {
    case Protocol::kAnthropicMessages:
      ReadAnthropic(root, &media);
      break;
    case Protocol::kOpenAiResponses:
      ReadResponses(root, &media);
      break;
    case Protocol::kOpenAiChat:
      ReadChat(root, &media);
      break;
    case Protocol::kGemini:
      ReadGemini(root, &media);
      break;
  }
  return media;
}

bool CachesForAnHour(const JsonValue& root) {
  if (IsHour(root) || AnyHour(root["system"]) || AnyHour(root["tools"])) {
    return true;
  }
  for (const JsonValue& message : root["messages"].Elements()) {
    if (AnyHour(message["content"])) return true;
  }
  return false;
}

}  // namespace cofferdam::wire
