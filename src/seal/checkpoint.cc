#include "seal/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/base64.h"

namespace cofferdam::seal {
namespace {

constexpr std::string_view kAudit = "audit ";
constexpr std::string_view kTime = "time ";

std::string RootText(const Digest& root) {
  return ToBase64(root, Base64::kStandard);
}

Error Wrong(std::string_view what) {
  return Error(Code::kCorrupt, fmt::format("checkpoint: {}", what));
}

// Digits as they are written: no sign, no leading zero.
std::optional<uint64_t> ReadNumber(std::string_view text) {
  uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end || std::to_string(number) != text) {
    return std::nullopt;
  }
  return number;
}

std::optional<Digest> ReadRoot(std::string_view text) {
  const auto bytes = FromBase64(text, Base64::kStandard);
  Digest root;
  if (!bytes || bytes->size() != root.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), root.begin());
  return root;
}

// A line, taken from the front of `text`; none at its end.
std::optional<std::string_view> NextLine(std::string_view* text) {
  const size_t size = text->find('\n');
  if (size == std::string_view::npos) return std::nullopt;
  const std::string_view line = text->substr(0, size);
  text->remove_prefix(size + 1);
  return line;
}

std::optional<TreeHead> ReadHead(std::string_view size, std::string_view root) {
  const auto number = ReadNumber(size);
  const auto digest = ReadRoot(root);
  if (!number || !digest) return std::nullopt;
  return TreeHead{*number, *digest};
}

}  // namespace

std::string CheckpointText(const Checkpoint& checkpoint) {
  return fmt::format(
      "{}\n{}\n{}\n{}{} {}\n{}{}\n", checkpoint.origin, checkpoint.ledger.size,
      RootText(checkpoint.ledger.root), kAudit, checkpoint.audit.size,
      RootText(checkpoint.audit.root), kTime, checkpoint.time_micros);
}

std::string SignCheckpoint(const Checkpoint& checkpoint,
                           const SigningKey& key) {
  return WriteNote(CheckpointText(checkpoint), key);
}

Result<Checkpoint> ParseCheckpoint(std::string_view text) {
  Checkpoint out;
  const auto origin = NextLine(&text);
  const auto size = NextLine(&text);
  const auto root = NextLine(&text);
  if (!origin || origin->empty()) return Wrong("line 1: no origin");
  if (!size || !root) return Wrong("lines 2 and 3: no size and root");
  const auto head = ReadHead(*size, *root);
  if (!head) return Wrong("lines 2 and 3: not a size and a root in base 64");
  out.origin = *origin;
  out.ledger = *head;
  bool has_audit = false;
  bool has_time = false;
  while (const auto line = NextLine(&text)) {
    if (line->empty()) return Wrong("an empty line");
    if (line->starts_with(kAudit)) {
      const std::string_view rest = line->substr(kAudit.size());
      const size_t space = rest.find(' ');
      const auto audit =
          space == std::string_view::npos
              ? std::nullopt
              : ReadHead(rest.substr(0, space), rest.substr(space + 1));
      if (!audit || has_audit) return Wrong("audit: not one size and root");
      out.audit = *audit;
      has_audit = true;
    } else if (line->starts_with(kTime)) {
      const auto time = ReadNumber(line->substr(kTime.size()));
      if (!time || has_time || *time > INT64_MAX) {
        return Wrong("time: not one number of microseconds");
      }
      out.time_micros = static_cast<int64_t>(*time);
      has_time = true;
    }
  }
  if (!text.empty()) return Wrong("ends without a line feed");
  if (!has_audit || !has_time) return Wrong("no line of audit or of time");
  return out;
}

Result<Checkpoint> OpenCheckpoint(std::string_view note, const PublicKey& key) {
  TRY_ASSIGN(const Note parsed, ParseNote(note));
  TRY(CheckNote(parsed, key));
  return ParseCheckpoint(parsed.text);
}

}  // namespace cofferdam::seal
