#include <string>
#include <vector>

#include "wire/lenient_json.h"

namespace cofferdam::wire {
namespace {

// Walks JSON that may end anywhere and remembers the last place at which
// closing the open containers gives JSON.
class Closer {
 public:
  explicit Closer(std::string_view text) : text_(text) {}

  std::string Run() {
    while (i_ < text_.size() && !stopped_) Step();
    std::string closed(text_.substr(0, safe_));
    closed += tail_;
    for (size_t n = open_.size(); n > 0; --n) {
      closed.push_back(open_[n - 1] == '{' ? '}' : ']');
    }
    return closed;
  }

 private:
  void Step() {
    char c = text_[i_];
    switch (c) {
      case '{':
      case '[':
        open_.push_back(c);
        expects_key_ = c == '{';
        Safe(++i_);
        return;
      case '}':
      case ']':
        open_.pop_back();
        Safe(++i_);
        // What stands after the end is no matter of ours.
        stopped_ = open_.empty();
        return;
      case ',':
        expects_key_ = open_.back() == '{';
        ++i_;
        return;
      case ':':
        expects_key_ = false;
        ++i_;
        return;
      case '"':
        String();
        return;
      case ' ':
      case '\t':
      case '\r':
      case '\n':
        ++i_;
        return;
      default:
        Bare();
    }
  }

  void String() {
    size_t end = i_ + 1;
    while (end < text_.size() && text_[end] != '"') {
      size_t length = 1;
      if (text_[end] == '\\') {
        bool is_unicode = end + 1 < text_.size() && text_[end + 1] == 'u';
        length = is_unicode ? 6 : 2;
      }
      if (end + length > text_.size()) break;  // a cut escape is left out
      end += length;
    }
    bool is_whole = end < text_.size() && text_[end] == '"';
    if (is_whole) {
      i_ = end + 1;
      if (!expects_key_) Safe(i_);
      return;
    }
    i_ = text_.size();
    if (expects_key_) return;
    Safe(end);
    tail_ = "\"";
  }

  // A number or literal; whole only if something follows it.
  void Bare() {
    size_t end = text_.find_first_of(",]} \t\r\n", i_);
    if (end == std::string_view::npos) {
      i_ = text_.size();
      return;
    }
    // At least one character on, whatever it is.
    i_ = end > i_ ? end : i_ + 1;
    Safe(i_);
  }

  void Safe(size_t place) {
    safe_ = place;
    tail_ = "";
  }

  std::string_view text_;
  size_t i_ = 0;
  size_t safe_ = 0;
  std::string_view tail_;
  std::vector<char> open_;
  bool expects_key_ = false;
  bool stopped_ = false;
};

}  // namespace

std::optional<std::string> CloseJson(std::string_view text) {
  size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return std::nullopt;
  if (text[begin] != '{' && text[begin] != '[') return std::nullopt;
  return Closer(text.substr(begin)).Run();
}

}  // namespace cofferdam::wire
