#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "evidence/anchors.h"

namespace cofferdam::evidence {

// What in a text alone says that a model may have written it.
struct TextMark {
  std::string name;   // of the rule, "as-an-ai"
  std::string kind;   // "phrase", "agent", "template", "manifest", "characters"
  std::string words;  // for people: what stands there
  std::string model;  // if it names one
  bool strong = false;
  size_t begin = 0;  // bytes of the text
  size_t end = 0;
};

// Looks through texts for phrases by which models speak of themselves, marks of
// coding agents, templates of chats, hidden manifests and odd characters. One
// pass finds a few rare strings of four bytes (AnchorSet); rules look around
// those. Text without any costs that pass, texts full of them some tens of
// times as much: every rule looks at bounded surroundings, and those that cost
// more than comparing are tried kCostlyChecksMax times and once more for every
// kCostlyCheckEvery bytes. One for each thread.
class TextMarkFinder {
 public:
  static constexpr size_t kCostlyChecksMax = 256;
  static constexpr size_t kCostlyCheckEvery = 4096;
  // Invisible characters, where no script asks for them, that are odd together.
  static constexpr size_t kOddCharactersMin = 3;

  TextMarkFinder();

  // Each rule's first mark, by its place. Bytes of any kind are taken. Valid
  // until the next call.
  std::span<const TextMark> Find(std::string_view text);

 private:
  struct Rules;
  struct Look;

  static const Rules& SharedRules();

  const Rules& rules_;
  std::vector<TextMark> marks_;
  std::vector<bool> done_;  // by rule: it has its mark
};

}  // namespace cofferdam::evidence
