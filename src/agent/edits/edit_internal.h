#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/edits/edit.h"
#include "agent/edits/text_lines_internal.h"

namespace cofferdam::agent {

inline constexpr size_t kNoLine = static_cast<size_t>(-1);

// Where an edit's old text stands in a file.
struct EditSpan {
  size_t begin = 0;  // bytes
  size_t end = 0;
  size_t first_line = 0;  // index
  size_t last_line = 0;   // of the last one that it has a part of
  // Whether it begins where a line does, and ends where one does.
  bool whole_begin = true;
  bool whole_end = true;
};

// How a file's lines are indented.
struct TextIndents {
  size_t step = 0;    // see IndentStep
  size_t tabs = 0;    // lines that begin with a tab
  size_t blanks = 0;  // lines that begin with two blanks
};

// A file's text as it is searched. The text outlives it.
class EditText {
 public:
  explicit EditText(std::string_view text);

  std::string_view text() const { return text_; }
  const std::vector<TextLine>& lines() const { return lines_; }
  std::string_view line(size_t index) const {
    return text_.substr(lines_[index].begin,
                        lines_[index].end - lines_[index].begin);
  }
  // The line that holds byte `at`, or the last one.
  size_t LineAt(size_t at) const;
  const Projection& projection(Closeness closeness) const;
  // What is asked for at each of many places, so worked out once: whether a
  // line ends with CRLF, how most do, and how lines are indented.
  bool has_carriage() const;
  std::string_view line_end() const;
  const TextIndents& indents() const;

  // Where `old_text` stands, in order; at most `spans_max`. Spans may overlap
  // unless `apart`.
  enum class Overlap { kAllowed, kApart };
  std::vector<EditSpan> FindExact(std::string_view old_text, size_t spans_max,
                                  Overlap overlap) const;
  std::vector<EditSpan> FindClose(const EditLines& old_text,
                                  Closeness closeness, size_t spans_max,
                                  Overlap overlap) const;

 private:
  std::optional<EditSpan> SpanAt(size_t at, std::string_view needle,
                                 const EditLines& old_text,
                                 Closeness closeness) const;

  std::string_view text_;
  std::vector<TextLine> lines_;
  // Where the projection's bytes of one line end in it.
  const std::vector<size_t>& EndsOf(size_t line, Closeness closeness) const;

  mutable std::array<std::optional<Projection>, 4> projections_;
  mutable std::optional<bool> has_carriage_;
  mutable std::optional<std::string_view> line_end_;
  mutable std::optional<TextIndents> indents_;
  // Of the last that was asked for.
  mutable size_t ends_line_ = kNoLine;
  mutable Closeness ends_closeness_ = Closeness::kLineEndings;
  mutable std::vector<size_t> ends_;
};

// An edit whose place is known.
struct EditPlace {
  EditSpan span;
  // The file's line for each of old's lines; kNoLine for a blank one without.
  std::vector<size_t> partners;
  Closeness closeness = Closeness::kTrailing;
  // Whether lines that are partners may differ in a few characters.
  bool drifted = false;
};

struct Rewritten {
  std::string text;  // for the span
  std::string note;
  // Why it cannot be told what to write; then there is no text.
  std::string refused;
};
// What stands in place of the span: lines that old and new share keep the
// file's bytes, the others are the model's with the file's indentation and line
// ends, and with what the file has otherwise elsewhere in the line.
Rewritten RewriteSpan(const EditText& file, const EditPlace& place,
                      const EditLines& old_text, const EditLines& new_text);

// `new_text` as the file is indented, for an edit whose old text was found as
// it is: where no line of the file begins with blanks, its lines that old has
// not get tabs for them; where none begins with a tab, blanks for tabs.
// `whole_begin`: its first line begins one of the file.
std::string WithFileIndents(const EditText& file, const EditLines& old_text,
                            std::string_view new_text, bool whole_begin);

// Finds the one place where old's lines stand but for few characters and blank
// lines. None: nowhere, or not for certain.
std::optional<EditPlace> FindDrifted(const EditText& file,
                                     const EditLines& old_text);

// Old and new text in another form that the model may have meant, with the
// level that says which.
struct EditForm {
  EditLevel level;
  std::string old_text;
  std::string new_text;
  // Why the new text cannot be told in this form; empty: it can.
  std::string unclear;
};
// Those that apply; none is the given form.
std::vector<EditForm> OtherForms(std::string_view old_text,
                                 std::string_view new_text);

// Whether a line stands for lines that were left out: "...", also in a comment.
bool IsElision(std::string_view line);

// The nearest lines of the file and what differs there, for a model.
std::string DescribeNearest(const EditText& file, const EditLines& old_text);
// Where spans stand, with their first lines.
std::string DescribeSpans(const EditText& file,
                          const std::vector<EditSpan>& spans);
// Lines [begin, end) as the read tool prints them, at most `lines_max`.
std::string NumberedLines(const EditText& file, size_t begin, size_t end,
                          size_t lines_max);

}  // namespace cofferdam::agent
