#include <algorithm>
#include <map>
#include <utility>

#include "base/hash.h"
#include "ledger/history/given_texts_internal.h"

namespace cofferdam::ledger {
namespace {

bool IsDigit(unsigned char c) { return c >= '0' && c <= '9'; }
// Bytes beyond ASCII are part of words in some language.
bool IsWord(unsigned char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         c == '_' || c >= 0x80;
}

// Calls `visit` with a hash of each line that says enough.
template <typename Visitor>
void ForEachLine(std::string_view text, Visitor visit) {
  std::string letters;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? "" : text.substr(end + 1);
    const size_t begin = line.find_first_not_of(" \t0123456789");
    line.remove_prefix(std::min(begin, line.size()));
    // The arrow of "   12→", which is no letter.
    if (line.starts_with("\xE2\x86\x92")) line.remove_prefix(3);
    letters.clear();
    for (char c : line) {
      if (IsWord(static_cast<unsigned char>(c))) letters.push_back(c);
    }
    if (letters.size() >= GivenTexts::kLineCharactersMin) {
      visit(Hash64(letters));
    }
  }
}

}  // namespace

void GivenTexts::Add(std::string_view text) {
  if (text.size() < kLineCharactersMin) return;
  if (text.size() > kTextBytesMax) {
    size_t end = kTextBytesMax;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) {
      --end;
    }
    text = text.substr(0, end);
  }
  const uint64_t number = count();
  texts_.emplace_back(text);
  bytes_ += text.size();
  ForEachLine(text, [&](uint64_t line) {
    std::vector<uint64_t>& numbers = lines_[line];
    if (!numbers.empty() && numbers.back() == number) return;
    if (numbers.size() == kSameLineMax) numbers.erase(numbers.begin());
    numbers.push_back(number);
  });
  if (bytes_ <= kBytesMax) return;
  while (bytes_ > kBytesMax) {
    bytes_ -= texts_.front().size();
    texts_.pop_front();
    ++first_;
  }
  std::erase_if(lines_, [this](const auto& entry) {
    return entry.second.back() < first_;
  });
}

void GivenTexts::AddStrings(const JsonValue& value) { AddStrings(value, 0); }

void GivenTexts::AddStrings(const JsonValue& value, int depth) {
  if (depth > kDepthMax) return;
  if (const auto text = value.String()) return Add(*text);
  for (const JsonValue& element : value.Elements()) {
    AddStrings(element, depth + 1);
  }
  for (const auto& [name, member] : value.Members()) {
    if (name == "type" || name == "id" || name.ends_with("_id")) continue;
    AddStrings(member, depth + 1);
  }
}

std::vector<std::string> GivenTexts::QuotedBy(
    const std::vector<wire::Part>& parts, uint64_t before,
    size_t bytes_max) const {
  std::map<uint64_t, size_t> lines;  // of each text
  for (const wire::Part& part : parts) {
    ForEachLine(part.text, [&](uint64_t line) {
      const auto found = lines_.find(line);
      if (found == lines_.end()) return;
      for (uint64_t number : found->second) {
        if (number >= first_ && number < before) ++lines[number];
      }
    });
  }
  std::vector<std::pair<uint64_t, size_t>> best(lines.begin(), lines.end());
  std::stable_sort(best.begin(), best.end(), [](const auto& a, const auto& b) {
    return a.second > b.second;
  });
  std::vector<uint64_t> chosen;
  for (const auto& [number, count] : best) {
    const size_t bytes = texts_[number - first_].size();
    if (bytes > bytes_max) continue;
    bytes_max -= bytes;
    chosen.push_back(number);
  }
  std::sort(chosen.begin(), chosen.end());
  std::vector<std::string> texts;
  for (uint64_t number : chosen) texts.push_back(texts_[number - first_]);
  return texts;
}

}  // namespace cofferdam::ledger
