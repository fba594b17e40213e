#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cofferdam::ledger {

// Bytes of a text that are a secret, without what names its kind ("sk-ant-").
struct FoundSecret {
  std::string_view kind;  // "github_token"; lives for ever
  size_t begin = 0;
  size_t end = 0;

  bool operator==(const FoundSecret&) const = default;
};

// Secrets that models write into files and commands: keys of providers and
// clouds, tokens of forges, private keys, JSON web tokens, passwords in
// connection strings, and values of high entropy that are assigned to names
// such as "password" or "API_TOKEN". In their order, none within another. A
// value that stands for a secret ("your-key-here", "${TOKEN}", "xxxx") is none.
//
// Tuned to leave ordinary code alone, so it misses what looks like words. The
// time is linear in the text, whatever stands there: three bytes at a time are
// looked up in a table of the few hundred that a secret or its name can begin
// with, and only there is more looked at.
std::vector<FoundSecret> FindSecrets(std::string_view text);

// Writes an 'X' over each byte of what FindSecrets finds but white space, full
// stops and escapes of JSON, so that every byte stays where it was and JSON
// stays JSON. How many there were. Of what is masked nothing is found again.
size_t MaskSecrets(std::string* text);

// What a record says of it: "secrets_masked:3".
std::string MaskedNote(size_t masked);

}  // namespace cofferdam::ledger
