#include "agent/terminal/key_reader.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

#include "agent/terminal/text_width.h"

namespace cofferdam::agent {
namespace {

constexpr std::string_view kPasteEnd = "\x1b[201~";

using Kind = Key::Kind;

void Add(Kind kind, std::vector<Key>* keys) { keys->push_back({kind, ""}); }

// The n-th number of "1;5", or 0.
int Parameter(std::string_view parameters, int index) {
  for (; index > 0; --index) {
    const size_t end = parameters.find(';');
    if (end == parameters.npos) return 0;
    parameters.remove_prefix(end + 1);
  }
  int number = 0;
  std::from_chars(parameters.data(), parameters.data() + parameters.size(),
                  number);
  return number;
}

std::optional<Kind> KindOfLetter(char last, bool by_words) {
  switch (last) {
    case 'A':
      return Kind::kUp;
    case 'B':
      return Kind::kDown;
    case 'C':
      return by_words ? Kind::kWordRight : Kind::kRight;
    case 'D':
      return by_words ? Kind::kWordLeft : Kind::kLeft;
    case 'H':
      return Kind::kHome;
    case 'F':
      return Kind::kEnd;
    case 'Z':
      return Kind::kBackTab;
    default:
      return std::nullopt;
  }
}

std::optional<Kind> KindOfNumber(int number) {
  switch (number) {
    case 1:
    case 7:
      return Kind::kHome;
    case 3:
      return Kind::kDelete;
    case 4:
    case 8:
      return Kind::kEnd;
    case 5:
      return Kind::kPageUp;
    case 6:
      return Kind::kPageDown;
    default:
      return std::nullopt;
  }
}

// Whether `bytes` are the beginning of a character, and no more.
bool IsCutCharacter(std::string_view bytes) {
  if (bytes.empty()) return false;
  const auto lead = static_cast<uint8_t>(bytes.front());
  const size_t needed = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  return lead >= 0xC2 && lead <= 0xF4 && bytes.size() < needed &&
         std::all_of(
             bytes.begin() + 1, bytes.end(),
             [](char c) { return (c & 0xC0) == 0x80; });
}

// Enter with Shift, Alt or Ctrl, as xterm and kitty tell it.
constexpr int kEnterCode = 13;

}  // namespace

void KeyReader::Feed(std::string_view bytes, std::vector<Key>* keys) {
  pending_ += bytes;
  while (!pending_.empty() && Step(keys)) {
  }
}

void KeyReader::Flush(std::vector<Key>* keys) {
  if (!waiting()) return;
  // What was begun and never ended: the escape key, then what followed.
  const std::string rest = std::exchange(pending_, "");
  if (rest.front() != '\x1b') return;
  Add(Kind::kEscape, keys);
  if (rest.size() > 1 && rest[1] != '[' && rest[1] != 'O') {
    Feed(rest.substr(1), keys);
  }
}

bool KeyReader::Step(std::vector<Key>* keys) {
  if (pasting_) return StepPaste(keys);
  const auto byte = static_cast<uint8_t>(pending_.front());
  if (byte == 0x1b) return StepEscape(keys);
  if (byte >= 0x20 && byte != 0x7f) return StepText(keys);
  pending_.erase(0, 1);
  switch (byte) {
    case '\r':
      Add(Kind::kEnter, keys);
      break;
    case '\n':
      Add(Kind::kNewLine, keys);
      break;
    case '\t':
      Add(Kind::kTab, keys);
      break;
    case '\b':
    case 0x7f:
      Add(Kind::kBackspace, keys);
      break;
    default:
      // Ctrl-A is 1; Ctrl-_ is 31.
      keys->push_back({Kind::kControl,
                       std::string(1, byte <= 26 && byte > 0
                                          ? static_cast<char>('a' + byte - 1)
                                          : static_cast<char>(byte + '@'))});
  }
  return true;
}

bool KeyReader::StepText(std::vector<Key>* keys) {
  size_t end = 0;
  while (end < pending_.size()) {
    const auto byte = static_cast<uint8_t>(pending_[end]);
    if (byte < 0x20 || byte == 0x7f) break;
    size_t bytes = 0;
    const std::string_view rest = std::string_view(pending_).substr(end);
    if (DecodeUtf8(rest, &bytes) < 0) break;
    end += bytes;
  }
  if (end > 0) {
    keys->push_back({Kind::kText, pending_.substr(0, end)});
    pending_.erase(0, end);
    return true;
  }
  if (IsCutCharacter(pending_)) return false;
  pending_.erase(0, 1);  // no UTF-8
  return true;
}

bool KeyReader::StepEscape(std::vector<Key>* keys) {
  if (pending_.size() < 2) return false;
  const char second = pending_[1];
  if (second == '[' || second == 'O') {
    // Parameters, then one byte that ends it.
    size_t end = 2;
    while (end < pending_.size() && pending_[end] >= 0x20 &&
           pending_[end] < 0x40) {
      ++end;
    }
    if (end == pending_.size()) {
      // It is waited for, but no longer kept.
      pending_.resize(std::min(end, kSequenceBytesMax + 1));
      return false;
    }
    const std::string sequence = pending_.substr(0, end + 1);
    pending_.erase(0, end + 1);
    if (end > kSequenceBytesMax) return true;
    TakeSequence(std::string_view(sequence).substr(2, end - 2), sequence.back(),
                 keys);
    return true;
  }
  // Esc, and what came right behind it: another, or a control character other
  // than Alt-Enter's.
  if (second == '\x1b' ||
      (second >= 0 && second < 0x20 && second != '\r' && second != '\n')) {
    pending_.erase(0, 1);
    Add(Kind::kEscape, keys);
    return true;
  }
  if (IsCutCharacter(std::string_view(pending_).substr(1))) return false;
  size_t bytes = 0;
  const int code = DecodeUtf8(std::string_view(pending_).substr(1), &bytes);
  const std::string text = pending_.substr(1, bytes);
  pending_.erase(0, 1 + bytes);
  if (code == '\r' || code == '\n') {
    Add(Kind::kNewLine, keys);
  } else if (code == 'b') {
    Add(Kind::kWordLeft, keys);
  } else if (code == 'f') {
    Add(Kind::kWordRight, keys);
  } else if (code >= 0) {
    keys->push_back({Kind::kAlt, text});
  }
  return true;
}

void KeyReader::TakeSequence(std::string_view parameters, char last,
                             std::vector<Key>* keys) {
  const int first = Parameter(parameters, 0);
  const int modifier = Parameter(parameters, 1);
  if (last == '~' && first == 200) {
    pasting_ = true;
    return;
  }
  if (last == '~' && first == 27 && Parameter(parameters, 2) == kEnterCode) {
    Add(Kind::kNewLine, keys);
    return;
  }
  // Reports of a mouse and the like begin with a sign of their own.
  if (parameters.starts_with('<') || parameters.starts_with('?')) return;
  if (last == 'u' && first == kEnterCode) {
    Add(modifier > 1 ? Kind::kNewLine : Kind::kEnter, keys);
    return;
  }
  const auto kind =
      last == '~' ? KindOfNumber(first) : KindOfLetter(last, modifier >= 3);
  if (kind) Add(*kind, keys);
}

bool KeyReader::StepPaste(std::vector<Key>* keys) {
  const size_t end = pending_.find(kPasteEnd);
  // A part of the end may have come.
  const size_t sure =
      end != pending_.npos
          ? end
          : pending_.size() - std::min(pending_.size(), kPasteEnd.size() - 1);
  paste_.append(pending_, 0, std::min(sure, kPasteBytesMax - paste_.size()));
  if (end == pending_.npos) {
    pending_.erase(0, sure);
    return false;
  }
  pending_.erase(0, end + kPasteEnd.size());
  pasting_ = false;
  // Terminals send a line's end as \r.
  std::string text;
  for (size_t i = 0; i < paste_.size(); ++i) {
    if (paste_[i] == '\r') {
      text += '\n';
      if (i + 1 < paste_.size() && paste_[i + 1] == '\n') ++i;
    } else {
      text += paste_[i];
    }
  }
  paste_.clear();
  keys->push_back({Kind::kPaste, std::move(text)});
  return true;
}

}  // namespace cofferdam::agent
