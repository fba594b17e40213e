#include "agent/acp/prompt_text.h"

#include <fmt/format.h>

#include <optional>

#include "agent/acp/call_updates.h"

namespace cofferdam::agent {
namespace {

std::optional<int> HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

std::string PercentDecoded(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const auto high = HexDigit(text[i + 1]);
      const auto low = HexDigit(text[i + 2]);
      if (high && low) {
        decoded += static_cast<char>(*high * 16 + *low);
        i += 2;
        continue;
      }
    }
    decoded += text[i];
  }
  return decoded;
}

// How the model is told of a resource.
std::string Mention(std::string_view uri, std::string_view name,
                    std::string_view workspace) {
  const std::string path = FilePathOfUri(uri);
  if (path.empty())
    return name.empty() ? std::string(uri) : fmt::format("{} ({})", name, uri);
  const std::string inside = std::string(workspace) + "/";
  if (path.starts_with(inside)) return "@" + path.substr(inside.size());
  return "@" + path;
}

class Prompt {
 public:
  explicit Prompt(std::string_view workspace) : workspace_(workspace) {}

  Status Add(const JsonValue& block) {
    const std::string_view type = block["type"].StringOrEmpty();
    if (type == "text") return AddText(block);
    if (type == "resource_link") return AddLink(block);
    if (type == "resource") return AddResource(block["resource"]);
    if (type == "image" || type == "audio") {
      return Error(Code::kInvalid, fmt::format("{} is not among this agent's "
                                               "promptCapabilities",
                                               type));
    }
    return Error(Code::kInvalid, "unknown \"type\"");
  }

  std::string Take() && { return text_ + embedded_; }

 private:
  Status AddText(const JsonValue& block) {
    const auto text = block["text"].String();
    if (!text) return Error(Code::kInvalid, "\"text\" is missing");
    text_ += *text;
    return {};
  }

  Status AddLink(const JsonValue& block) {
    const auto uri = block["uri"].String();
    if (!uri) return Error(Code::kInvalid, "\"uri\" is missing");
    if (!block["name"].is_string())
      return Error(Code::kInvalid, "\"name\" is missing");
    text_ += Mention(*uri, block["name"].StringOrEmpty(), workspace_);
    return {};
  }

  Status AddResource(const JsonValue& resource) {
    const auto uri = resource["uri"].String();
    if (!uri) return Error(Code::kInvalid, "\"resource.uri\" is missing");
    const std::string mention = Mention(*uri, "", workspace_);
    if (const auto text = resource["text"].String()) {
      text_ += mention;
      embedded_ += fmt::format("\n\n{}, as it stands in the user's editor:\n{}",
                               mention, Fenced(*text));
      return {};
    }
    if (resource["blob"].is_string()) {
      text_ += mention;
      embedded_ += fmt::format(
          "\n\n{} was sent as bytes, which cannot be shown here.", mention);
      return {};
    }
    return Error(Code::kInvalid, "\"resource\" has neither text nor blob");
  }

  const std::string_view workspace_;
  std::string text_;
  std::string embedded_;
};

}  // namespace

std::string FilePathOfUri(std::string_view uri) {
  constexpr std::string_view kScheme = "file://";
  if (!uri.starts_with(kScheme)) return {};
  uri.remove_prefix(kScheme.size());
  // An authority is this machine's, or not ours to read.
  if (uri.starts_with("localhost/")) uri.remove_prefix(9);
  if (!uri.starts_with('/')) return {};
  const size_t query = uri.find('?');
  const size_t hash = uri.find('#');
  const std::string_view fragment =
      hash == std::string_view::npos ? "" : uri.substr(hash);
  return PercentDecoded(uri.substr(0, std::min(query, hash))) +
         std::string(fragment);
}

Result<std::string> PromptText(const JsonValue& blocks,
                               std::string_view workspace) {
  if (!blocks.is_array())
    return Error(Code::kInvalid, "\"prompt\" is not a list of blocks");
  Prompt prompt(workspace);
  size_t index = 0;
  for (const JsonValue& block : blocks.Elements()) {
    if (const Status added = prompt.Add(block); !added.ok())
      return added.error().Within(fmt::format("prompt[{}]", index));
    ++index;
  }
  std::string text = std::move(prompt).Take();
  if (text.find_first_not_of(" \t\r\n") == std::string::npos)
    return Error(Code::kInvalid, "\"prompt\" says nothing");
  return text;
}

}  // namespace cofferdam::agent
