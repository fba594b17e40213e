#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cofferdam::corpus {

// `text` with A to Z in lower case.
std::string LowerAscii(std::string_view text);

// Without blanks around it.
std::string_view TrimBlanks(std::string_view text);

// The tool whose account a mail address is, as the ledger names it. Addresses
// are compared whole, so that nobody's "noreply@anthropic.com.example.com" is
// an agent's; GitHub's bots by their login and "[bot]".
std::optional<std::string_view> AgentOfAddress(std::string_view address);

// The tool whose account on a forge has this login, such as
// "devin-ai-integration[bot]".
std::optional<std::string_view> AgentOfLogin(std::string_view login);

// "Name <mail>" in two; a text without "<" is all name and all mail.
struct NameAndMail {
  std::string_view name;
  std::string_view mail;  // empty where there is none in angle brackets
};
NameAndMail SplitPerson(std::string_view text);

}  // namespace cofferdam::corpus
