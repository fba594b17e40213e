#include "seal/note.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/base64.h"
#include "base/encoding.h"

namespace cofferdam::seal {
namespace {

// An em dash and a space in UTF-8.
constexpr std::string_view kSignatureStart = "\xe2\x80\x94 ";
constexpr size_t kKeyIdBytes = 4;

bool IsText(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    return (static_cast<uint8_t>(c) < ' ' && c != '\n') || c == 0x7f;
  });
}

Error Wrong(std::string_view what) {
  return Error(Code::kCorrupt, fmt::format("signed note: {}", what));
}

std::optional<Note::Signed> ReadSignature(std::string_view line) {
  if (!line.starts_with(kSignatureStart)) return std::nullopt;
  line.remove_prefix(kSignatureStart.size());
  const size_t space = line.find(' ');
  if (space == 0 || space == std::string_view::npos) return std::nullopt;
  auto bytes = FromBase64(line.substr(space + 1), Base64::kStandard);
  if (!bytes || bytes->size() <= kKeyIdBytes) return std::nullopt;
  Note::Signed out;
  out.name = line.substr(0, space);
  for (size_t i = 0; i < kKeyIdBytes; ++i) {
    out.key_id = out.key_id << 8 | static_cast<uint8_t>((*bytes)[i]);
  }
  out.signature = bytes->substr(kKeyIdBytes);
  return out;
}

}  // namespace

std::string WriteNote(std::string_view text, const SigningKey& key) {
  CHECK(text.ends_with('\n') && IsText(text));
  std::string bytes;
  const uint32_t id = key.public_key().id();
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>(id >> shift & 0xff));
  }
  const Signature signature = key.Sign(text);
  bytes.append(signature.begin(), signature.end());
  return fmt::format("{}\n{}{} {}\n", text, kSignatureStart,
                     key.public_key().name(),
                     ToBase64(AsBytes(bytes), Base64::kStandard));
}

Result<Note> ParseNote(std::string_view note) {
  if (note.size() > Note::kBytesMax) {
    return Error(Code::kTooLarge,
                 fmt::format("signed note: over {} bytes", Note::kBytesMax));
  }
  if (!note.ends_with('\n')) return Wrong("ends without a line feed");
  if (!IsText(note)) return Wrong("holds a control character");
  // The last empty line: the text itself may hold some.
  const size_t end = note.rfind("\n\n");
  if (end == std::string_view::npos)
    return Wrong(
        "no empty line before the "
        "signatures");
  Note out;
  out.text = note.substr(0, end + 1);
  std::string_view rest = note.substr(end + 2);
  while (!rest.empty()) {
    const size_t size = rest.find('\n');
    auto read = ReadSignature(rest.substr(0, size));
    if (!read) {
      return Wrong(
          fmt::format("signature {} is not of the form \"\u2014 NAME "
                      "BASE64\"",
                      out.signatures.size() + 1));
    }
    if (out.signatures.size() == Note::kSignaturesMax) {
      return Error(Code::kTooLarge, fmt::format("signed note: over {} "
                                                "signatures",
                                                Note::kSignaturesMax));
    }
    out.signatures.push_back(*std::move(read));
    rest.remove_prefix(size + 1);
  }
  if (out.signatures.empty()) return Wrong("no signature");
  return out;
}

Status CheckNote(const Note& note, const PublicKey& key) {
  std::string others;
  for (const Note::Signed& by : note.signatures) {
    if (by.name != key.name() || by.key_id != key.id()) {
      others += fmt::format("{}{} ({:08x})", others.empty() ? "" : ", ",
                            by.name, by.key_id);
      continue;
    }
    Signature signature;
    if (by.signature.size() != signature.size()) {
      return Wrong("the signature is cut");
    }
    std::copy(by.signature.begin(), by.signature.end(), signature.begin());
    if (key.Verifies(note.text, signature)) return {};
    return Wrong(fmt::format("is not what {} signed", key.name()));
  }
  return Error(Code::kDenied,
               fmt::format("signed note: by {}, not by {} ({:08x})", others,
                           key.name(), key.id()));
}

}  // namespace cofferdam::seal
