#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "evidence/marks.h"

// What marks come to.
namespace cofferdam::evidence {
namespace {

using policy::Verdict;

// The worst that one strong mark says, and why.
struct Said {
  Verdict verdict = Verdict::kForbidden;
  std::string why;
};

Said VerdictOf(const Mark& mark, const Judgement& judgement) {
  const auto by_terms = [&](policy::TermsClass terms_class) {
    return policy::VerdictFor(terms_class, judgement.purpose,
                              judgement.organisation_trains_models);
  };
  Said said;
  if (mark.generators.empty()) {
    const auto terms = by_terms(policy::TermsClass::kUnknown);
    said.verdict = terms.verdict;
    said.why = "whose terms are not known: " + std::string(terms.why);
  }
  bool first = true;
  bool differ = false;
  for (const Generator* generator : mark.generators) {
    const auto terms = by_terms(generator->terms_class);
    if (!first && terms.verdict != said.verdict) differ = true;
    if (first || terms.verdict > said.verdict) {
      said.verdict = terms.verdict;
      said.why = fmt::format("{}: {}{}{}", generator->name, terms.why,
                             terms.duty.empty() ? "" : "; ", terms.duty);
    }
    first = false;
  }
  if (differ) {
    said.verdict = Verdict::kAmbiguous;
    said.why += "; the terms of its other models say otherwise";
  }
  // What is not sure to be a model's is not sure to be allowed either.
  if (mark.at_most < Verdict::kForbidden && said.verdict != mark.at_most) {
    said.verdict = mark.at_most;
    said.why += "; whether this is one is not sure";
  }
  return said;
}

LineRange LinesOf(std::string_view text, uint64_t begin, uint64_t end) {
  const auto lines = [&](uint64_t until) {
    return static_cast<uint32_t>(std::count(
        text.begin(), text.begin() + static_cast<std::ptrdiff_t>(until), '\n'));
  };
  const uint64_t last = end > begin ? end - 1 : begin;
  return {lines(begin) + 1, lines(last) + 1};
}

// Ends of whole lines.
void WidenToLines(std::string_view text, uint64_t* begin, uint64_t* end) {
  const size_t before =
      *begin == 0 ? std::string_view::npos : text.rfind('\n', *begin - 1);
  *begin = before == std::string_view::npos ? 0 : before + 1;
  if (*end > 0 && text[*end - 1] == '\n') return;
  const size_t after = text.find('\n', *end);
  *end = after == std::string_view::npos ? text.size() : after + 1;
}

FindingPlace PlaceOfRecord(const corpus::Record& record) {
  FindingPlace place;
  place.path = record.file->path;
  if (record.file->repository) {
    place.repository = record.file->repository->remote;
  }
  place.path_in_repository = record.file->path_in_repository;
  place.commit = record.file->commit;
  place.record = record.number;
  place.record_begin = record.begin;
  place.record_end = record.end;
  return place;
}

using Marks = std::vector<const Mark*>;

bool IsStrong(const Mark* mark) {
  return mark->found.weight == MarkWeight::kStrong;
}

// None where they come to nothing.
std::optional<Said> Decide(const Marks& marks, const Judgement& judgement,
                           LoneMarks lone) {
  std::optional<Said> said;
  bool differ = false;
  std::set<std::string_view> weak_kinds;
  for (const Mark* mark : marks) {
    if (!IsStrong(mark)) {
      weak_kinds.insert(mark->found.kind);
      continue;
    }
    Said one = VerdictOf(*mark, judgement);
    one.why = fmt::format("{}; {}", mark->found.words, one.why);
    if (!said) {
      said = std::move(one);
      continue;
    }
    differ |= said->verdict != one.verdict;
    if (one.verdict > said->verdict) said = std::move(one);
  }
  if (said && differ) {
    said->verdict = Verdict::kAmbiguous;
    said->why += "; another mark says otherwise";
  }
  if (said) return said;
  std::string words;
  for (const Mark* mark : marks) {
    words += (words.empty() ? "" : ", ") + mark->found.words;
  }
  if (weak_kinds.size() > 1) {
    return Said{Verdict::kAmbiguous, words + ": weak signs of " +
                                         std::to_string(weak_kinds.size()) +
                                         " kinds that a model wrote it"};
  }
  if (lone == LoneMarks::kLeaveOut || weak_kinds.empty()) return std::nullopt;
  return Said{Verdict::kClean,
              words + ": a weak sign, which decides nothing alone"};
}

Finding MakeFinding(const corpus::Record& record, Marks marks, Said said) {
  Finding finding;
  finding.kind = FindingKind::kMarked;
  finding.place = PlaceOfRecord(record);
  finding.verdict = said.verdict;
  finding.why = std::move(said.why);
  std::stable_sort(marks.begin(), marks.end(),
                   [](const Mark* a, const Mark* b) {
                     return a->found.weight > b->found.weight;
                   });
  for (const Mark* mark : marks) finding.marks.push_back(mark->found);
  return finding;
}

// About one text: all of it where a strong mark is about it, else the lines of
// the first mark.
void PlaceInText(const corpus::Field& field, const Marks& marks,
                 Finding* finding) {
  finding->place.field = field.name;
  uint64_t begin = 0;
  uint64_t end = field.text.size();
  if (std::none_of(marks.begin(), marks.end(), IsStrong)) {
    const Mark* first = nullptr;
    for (const Mark* mark : marks) {
      if (mark->field && (first == nullptr || mark->begin < first->begin)) {
        first = mark;
      }
    }
    if (first != nullptr) {
      begin = first->begin;
      end = first->end;
      WidenToLines(field.text, &begin, &end);
    }
  }
  finding->byte_begin = begin;
  finding->byte_end = end;
  finding->lines = LinesOf(field.text, begin, end);
}

// The lines of the first mark that stands in a text.
std::string LinesOfMark(const corpus::Field& field, const Marks& marks) {
  for (const Mark* mark : marks) {
    if (mark->end == 0) continue;
    uint64_t begin = mark->begin;
    uint64_t end = mark->end;
    WidenToLines(field.text, &begin, &end);
    return std::string(field.text.substr(begin, end - begin));
  }
  return {};
}

}  // namespace

std::vector<Finding> MakeMarkedFindings(const corpus::Record& record,
                                        std::span<const Mark> marks,
                                        const Judgement& judgement,
                                        KeepText keep_text, LoneMarks lone) {
  std::vector<Finding> findings;
  if (marks.empty()) return findings;
  const bool one_text = record.fields.size() == 1;
  Marks of_record;
  for (const Mark& mark : marks) {
    if (!mark.field) of_record.push_back(&mark);
  }
  const auto strong = [](const Marks& some) {
    return std::any_of(some.begin(), some.end(), IsStrong);
  };
  const bool whole = strong(of_record) && !one_text;
  if (whole) {
    if (auto said = Decide(of_record, judgement, lone)) {
      findings.push_back(MakeFinding(record, of_record, *std::move(said)));
    }
  }
  for (size_t i = 0; i < record.fields.size(); ++i) {
    // What is about the record stands beside what is about its texts, unless
    // it has been told already.
    Marks about;
    bool own = false;
    for (const Mark& mark : marks) {
      if (mark.field == i) own = true;
      if (mark.field == i || (!mark.field && !whole)) about.push_back(&mark);
    }
    if (!own && !(one_text && !about.empty())) continue;
    auto said = Decide(about, judgement, lone);
    if (!said) continue;
    Finding finding = MakeFinding(record, about, *std::move(said));
    PlaceInText(record.fields[i], about, &finding);
    if (keep_text == KeepText::kYes) {
      finding.text = LinesOfMark(record.fields[i], about);
    }
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace cofferdam::evidence
