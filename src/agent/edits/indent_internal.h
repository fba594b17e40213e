#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cofferdam::agent {

// The columns of one level in these lines' indentation, by spaces: the change
// that most lines make from the one before; 0: none does.
size_t IndentStep(const std::vector<std::string_view>& lines);

// How indentation in an edit is written in the file, learned from lines that
// are in both. An indentation that was seen in two ways has no answer here.
class IndentMap {
 public:
  // `step`: columns of a level in the edit, `file_step` in the file; 0 unknown.
  // `file_tabs`: the file is indented with tabs.
  enum class Style { kTabs, kSpaces };
  IndentMap(size_t step, size_t file_step, Style file_style)
      : step_(step), file_step_(file_step), style_(file_style) {}

  void Learn(std::string_view indent, std::string_view file_indent);
  // Learns only what is not known.
  void LearnWeakly(std::string_view indent, std::string_view file_indent);

  bool IsUnclear(std::string_view indent) const;
  // None: it cannot be told.
  std::optional<std::string> Translate(std::string_view indent) const;
  // Whether every indentation seen is the same in both.
  bool IsIdentity() const;

 private:
  struct Seen {
    std::string file_indent;
    bool unclear = false;
  };
  std::optional<std::string> Deeper(const std::string& known,
                                    const std::string& file_indent,
                                    std::string_view indent) const;
  std::optional<std::string> Shallower(const std::string& known,
                                       const std::string& file_indent,
                                       std::string_view indent) const;
  size_t Levels(std::string_view blanks, bool* whole) const;
  std::string FileLevel() const;

  size_t step_;
  size_t file_step_;
  Style style_;
  std::map<std::string, Seen, std::less<>> seen_;
};

}  // namespace cofferdam::agent
