#include <fmt/format.h>

#include <algorithm>
#include <bitset>

#include "agent/edits/edit_internal.h"

namespace cofferdam::agent {
namespace {

constexpr size_t kGram = 3;
constexpr size_t kGramBits = size_t{1} << 16;
constexpr size_t kShownLines = 14;
constexpr size_t kShownLineBytes = 200;
constexpr size_t kShownSpans = 5;
constexpr size_t kShownChanges = 4;
// Less of the old text than this, in percent, is nothing alike.
constexpr int64_t kAlikePercent = 25;

size_t GramHash(std::string_view gram) {
  uint32_t hash = 2166136261U;
  for (char c : gram) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  }
  return (hash ^ (hash >> 16)) % kGramBits;
}

// `text` without a character cut at its end.
std::string_view Shown(std::string_view text) {
  if (text.size() <= kShownLineBytes) return text;
  size_t end = kShownLineBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
    --end;
  return text.substr(0, end);
}

class Nearest {
 public:
  Nearest(const EditText& file, const EditLines& old_text)
      : file_(file), count_(std::max<size_t>(old_text.lines.size(), 1)) {
    for (std::string_view line : old_text.lines) {
      std::string plain;
      ProjectLine(line, Closeness::kPunctuation, &plain, nullptr);
      for (size_t i = 0; i + kGram <= plain.size(); ++i) {
        grams_.set(GramHash(std::string_view(plain).substr(i, kGram)));
        ++all_;
      }
      // What is too short for that counts as a whole.
      if (!plain.empty() && plain.size() < kGram) {
        grams_.set(GramHash(plain));
        ++all_;
      }
    }
  }

  // The first of as many lines as the old text has that are most like it;
  // kNoLine: none are.
  size_t Find() {
    const Projection& text = file_.projection(Closeness::kPunctuation);
    std::vector<int64_t> alike(file_.lines().size());
    std::vector<int64_t> unlike(file_.lines().size());
    for (size_t i = 0; i < alike.size(); ++i) {
      size_t end =
          i + 1 < alike.size() ? text.line_begins[i + 1] : text.text.size();
      Count(std::string_view(text.text).substr(text.line_begins[i],
                                               end - 1 - text.line_begins[i]),
            &alike[i], &unlike[i]);
    }
    size_t count = std::min(count_, alike.size());
    int64_t sum = 0;
    int64_t sum_alike = 0;
    int64_t best = -1;
    int64_t best_alike = 0;
    size_t found = kNoLine;
    for (size_t i = 0; i < alike.size(); ++i) {
      sum += 4 * alike[i] - unlike[i];
      sum_alike += alike[i];
      if (i >= count) {
        sum -= 4 * alike[i - count] - unlike[i - count];
        sum_alike -= alike[i - count];
      }
      if (i + 1 < count || sum <= best) continue;
      best = sum;
      best_alike = sum_alike;
      found = i + 1 - count;
    }
    return best_alike * 100 < all_ * kAlikePercent ? kNoLine : found;
  }

 private:
  void Count(std::string_view line, int64_t* alike, int64_t* unlike) const {
    if (!line.empty() && line.size() < kGram)
      ++(grams_.test(GramHash(line)) ? *alike : *unlike);
    for (size_t i = 0; i + kGram <= line.size(); ++i)
      ++(grams_.test(GramHash(line.substr(i, kGram))) ? *alike : *unlike);
  }

  const EditText& file_;
  size_t count_;
  std::bitset<kGramBits> grams_;
  int64_t all_ = 0;
};

void AppendLines(std::string_view mark,
                 const std::vector<std::string_view>& lines, size_t begin,
                 size_t end, std::string* out) {
  for (size_t i = begin; i < end; ++i) {
    if (i - begin == kShownChanges) {
      *out += fmt::format("{} [{} more]\n", mark, end - i);
      return;
    }
    *out += fmt::format("{}{}\n", mark, Shown(lines[i]));
  }
}

}  // namespace

std::string NumberedLines(const EditText& file, size_t begin, size_t end,
                          size_t lines_max) {
  std::string out;
  end = std::min(end, file.lines().size());
  for (size_t i = begin; i < end; ++i) {
    if (i - begin == lines_max) {
      out += fmt::format("[and {} more]\n", end - i);
      break;
    }
    out += fmt::format("{}\xe2\x86\x92{}\n", i + 1, Shown(file.line(i)));
  }
  return out;
}

std::string DescribeSpans(const EditText& file,
                          const std::vector<EditSpan>& spans) {
  std::string out;
  for (size_t i = 0; i < spans.size(); ++i) {
    if (i == kShownSpans) {
      out += "[and more]\n";
      break;
    }
    // What stands above says which one it is.
    size_t first = spans[i].first_line;
    out += NumberedLines(file, first == 0 ? 0 : first - 1, first + 1, 2);
    if (i + 1 < std::min(spans.size(), kShownSpans)) out += "--\n";
  }
  return out;
}

std::string DescribeNearest(const EditText& file, const EditLines& old_text) {
  if (file.lines().empty()) return "The file is empty.";
  size_t first = Nearest(file, old_text).Find();
  if (first == kNoLine) {
    return fmt::format(
        "Nothing like it is in the file ({} lines); read it again.",
        file.lines().size());
  }
  size_t end = std::min(first + old_text.lines.size(), file.lines().size());
  std::string out = fmt::format("Nearest lines of the file:\n{}",
                                NumberedLines(file, first, end, kShownLines));
  std::vector<std::string_view> held;
  for (size_t i = first; i < end; ++i) held.push_back(file.line(i));
  std::string changes;
  size_t shown = 0;
  for (const LineChange& change : DiffLines(old_text.lines, held)) {
    if (change.equal) continue;
    if (++shown > kShownChanges) break;
    AppendLines("old : ", old_text.lines, change.old_begin, change.old_end,
                &changes);
    AppendLines("file: ", held, change.new_begin, change.new_end, &changes);
  }
  if (!changes.empty()) out += "What differs:\n" + changes;
  return out;
}

}  // namespace cofferdam::agent
