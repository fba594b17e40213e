#include "wire/types.h"

#include <utility>

#include "base/check.h"

namespace cofferdam::wire {
namespace {

constexpr std::pair<Protocol, std::string_view> kProtocols[] = {
    {Protocol::kAnthropicMessages, "anthropic-messages"},
    {Protocol::kOpenAiResponses, "openai-responses"},
    {Protocol::kOpenAiChat, "openai-chat"},
    {Protocol::kGemini, "gemini"},
};

constexpr std::pair<UsageSource, std::string_view> kUsageSources[] = {
    {UsageSource::kNone, "none"},
    {UsageSource::kReported, "reported"},
    {UsageSource::kEstimated, "estimated"},
};

constexpr std::pair<PartKind, std::string_view> kPartKinds[] = {
    {PartKind::kText, "text"},
    {PartKind::kThinking, "thinking"},
    {PartKind::kToolInput, "tool_input"},
    {PartKind::kFile, "file"},
    {PartKind::kEdit, "edit"},
    {PartKind::kPatch, "patch"},
    {PartKind::kCommand, "command"},
};

template <typename T, size_t n>
std::string_view NameOf(const std::pair<T, std::string_view> (&rows)[n],
                        T value) {
  for (const auto& [row, name] : rows) {
    if (row == value) return name;
  }
  CHECK(false);
}

template <typename T, size_t n>
std::optional<T> ValueOf(const std::pair<T, std::string_view> (&rows)[n],
                         std::string_view name) {
  for (const auto& [row, row_name] : rows) {
    if (row_name == name) return row;
  }
  return std::nullopt;
}

}  // namespace

std::string_view ProtocolName(Protocol protocol) {
  return NameOf(kProtocols, protocol);
}

std::optional<Protocol> ParseProtocol(std::string_view name) {
  return ValueOf(kProtocols, name);
}

std::string_view UsageSourceName(UsageSource source) {
  return NameOf(kUsageSources, source);
}

std::string_view PartKindName(PartKind kind) {
  return NameOf(kPartKinds, kind);
}

std::optional<PartKind> ParsePartKind(std::string_view name) {
  return ValueOf(kPartKinds, name);
}

}  // namespace cofferdam::wire
