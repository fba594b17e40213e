#include "policy/names.h"

#include <fmt/format.h>

#include <algorithm>

namespace cofferdam::policy {
namespace {

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetterOrDigit(char c) {
  return IsLower(c) || (c >= 'A' && c <= 'Z') || IsDigit(c);
}
bool IsSlug(char c) { return IsLower(c) || IsDigit(c) || c == '-'; }

bool AllOf(std::string_view text, bool (*allowed)(char)) {
  return std::all_of(text.begin(), text.end(), allowed);
}

// RFC 5321 Dot-string: atext of RFC 5322 and dots between.
bool IsAtomOrDot(char c) {
  return IsLetterOrDigit(c) ||
         std::string_view("!#$%&'*+-/=?^_`{|}~.").find(c) !=
             std::string_view::npos;
}

bool HasEmptyLabel(std::string_view text) {
  return text.empty() || text.front() == '.' || text.back() == '.' ||
         text.find("..") != std::string_view::npos;
}

bool IsDomainCharacter(char c) {
  return IsLetterOrDigit(c) || c == '-' || c == '.';
}

}  // namespace

Result<std::string> NormaliseEmail(std::string_view text) {
  size_t at = text.find('@');
  std::string_view local = text.substr(0, at);
  std::string_view domain =
      at == std::string_view::npos ? "" : text.substr(at + 1);
  if (text.size() > kEmailBytesMax || HasEmptyLabel(local) ||
      HasEmptyLabel(domain) || !AllOf(local, IsAtomOrDot) ||
      !AllOf(domain, IsDomainCharacter)) {
    return Error(Code::kInvalid,
                 fmt::format("e-mail address: must look like "
                             "name@example.com, at most {} bytes",
                             kEmailBytesMax));
  }
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

Status CheckTeam(std::string_view text) {
  if (!text.empty() && text.size() <= kNameBytesMax && text.front() != '-' &&
      AllOf(text, IsSlug)) {
    return {};
  }
  return Error(Code::kInvalid,
               fmt::format("team: must be 1 to {} of a-z, 0-9 and '-', not "
                           "beginning with '-'",
                           kNameBytesMax));
}

Status CheckPurpose(std::string_view text) {
  if (!text.empty() && text.size() <= kNameBytesMax && AllOf(text, IsSlug)) {
    return {};
  }
  return Error(Code::kInvalid,
               fmt::format("purpose: must be 1 to {} of a-z, 0-9 and '-', such "
                           "as \"product\" or \"training-code\"",
                           kNameBytesMax));
}

Status CheckTool(std::string_view text) {
  auto allowed = [](char c) {
    return IsLetterOrDigit(c) ||
           std::string_view("._/+-").find(c) != std::string_view::npos;
  };
  if (!text.empty() && text.size() <= kNameBytesMax &&
      IsLetterOrDigit(text.front()) && AllOf(text, allowed)) {
    return {};
  }
  return Error(Code::kInvalid,
               fmt::format("tool: must be 1 to {} letters, digits and '._/+-', "
                           "beginning with a letter or digit, such as "
                           "\"claude-code\"",
                           kNameBytesMax));
}

Status CheckReason(std::string_view text) {
  if (text.size() <= kReasonBytesMax &&
      text.find_first_not_of(" \t\r\n") != std::string_view::npos) {
    return {};
  }
  return Error(
      Code::kInvalid,
      fmt::format("reason: say why, in at most {} bytes", kReasonBytesMax));
}

Status CheckCommit(std::string_view text) {
  auto hex = [](char c) { return IsDigit(c) || (c >= 'a' && c <= 'f'); };
  if (text.empty() ||
      (text.size() >= 7 && text.size() <= 64 && AllOf(text, hex))) {
    return {};
  }
  return Error(Code::kInvalid,
               "commit: must be 7 to 64 lower-case hexadecimal digits");
}

}  // namespace cofferdam::policy
