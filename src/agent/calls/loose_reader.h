#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/calls/mended_json.h"

namespace cofferdam::agent {

// Reads one value of JSON with the slips that models make, and writes it as
// JSON. For MendJson.
class LooseReader {
 public:
  // `text` is UTF-8 and must outlive the reader.
  LooseReader(std::string_view text, Ending ending)
      : text_(text), ending_(ending) {}

  // The value at the reader's place. False when it is no value, or not a
  // certain one: why() says so.
  bool Value();
  // White space and comments. False for a comment without an end.
  bool Space();
  // Closing brackets that nothing opened.
  void SurplusClosers();

  size_t place() const { return place_; }
  void set_place(size_t place) { place_ = place; }
  bool at_end() const { return place_ >= text_.size(); }
  std::string_view rest() const { return text_.substr(place_); }
  const std::string& json() const { return json_; }
  std::string TakeJson() { return std::move(json_); }
  const std::string& why() const { return why_; }
  // What was mended, each once.
  const std::vector<std::string_view>& mends() const { return mends_; }
  void Mend(std::string_view what);

 private:
  // What a container has just read.
  enum class After { kOpen, kValue, kComma };

  bool Container(char open);
  bool ContainerPunctuation(After* after, bool* closed);
  bool Member();
  bool Key();
  bool String(std::string_view closing);
  bool Escape(bool* valid_seen, bool* odd_seen, std::string_view closing);
  bool Number();
  bool Word();
  bool CloseForIt(After after, char open, char closer);
  bool CutEnd(After after, char open);
  bool Fail(std::string why);
  char Peek(size_t ahead = 0) const {
    return place_ + ahead < text_.size() ? text_[place_ + ahead] : '\0';
  }

  std::string_view text_;
  Ending ending_;
  size_t place_ = 0;
  std::string json_;
  std::string open_;  // brackets that are open
  bool number_last_ = false;
  std::string why_;
  std::vector<std::string_view> mends_;
};

}  // namespace cofferdam::agent
