#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "corpus/record.h"
#include "evidence/dataset_catalogue.h"
#include "evidence/finding.h"
#include "evidence/text_marks.h"
#include "policy/verdict.h"

namespace cofferdam::evidence {

// A sign that a model wrote a record, or one text of it: for what never passed
// a gate (docs/formats/marks.md).
struct Mark {
  FoundMark found;
  // The text it is about, by its number in the record's fields; none: all of
  // the record.
  std::optional<size_t> field;
  // Where it stands in that text; both 0 where it stands beside it.
  uint64_t begin = 0;
  uint64_t end = 0;
  // Whose terms hold, of a strong one: any of them may be its author. Valid as
  // long as the catalogue.
  std::vector<const Generator*> generators;
  // What it can make of its text at most.
  policy::Verdict at_most = policy::Verdict::kForbidden;
};

// Finds the marks of records. Strong are what a dataset says of itself: its
// name in the catalogue, a claim of the record that names a model as its
// author, a field that is named after one, a hidden manifest that says so. Weak
// are phrases, marks of agents, templates of chats, odd characters: people
// quote and write all of them.
//
// One for each thread. Text without marks is passed at the speed of memory
// (TextMarkFinder); names of files, fields and claims are looked up once for as
// long as they stay the same from one record to the next.
class MarkFinder {
 public:
  // Marks of one record; further ones are not given.
  static constexpr size_t kMarksMax = 256;

  // `catalogue` must outlive it.
  explicit MarkFinder(const DatasetCatalogue& catalogue)
      : catalogue_(catalogue) {}

  // Valid until the next call.
  std::span<const Mark> Find(const corpus::Record& record);

 private:
  // What a name of a field says.
  struct FieldName {
    std::string name;
    const Generator* generator = nullptr;  // its text's author
    bool answers = false;  // such a text is what a model would write
  };
  // What a name of a claim may say.
  enum class ClaimKind { kNone, kModel, kSource, kSpeaker };
  struct ClaimName {
    std::string name;
    ClaimKind kind = ClaimKind::kNone;
  };
  // What is the same for all records of a file.
  struct File {
    std::string path;
    std::string author;
    // Null where it is in none; unset until it was asked.
    std::optional<const Dataset*> of_records;
    std::optional<const Dataset*> of_itself;
    std::string agent;
  };

  const Dataset* DatasetOfRecords();
  const Dataset* DatasetOfItself();
  void LookAtFile(const corpus::Record& record);
  void LookAtClaims(const corpus::Record& record);
  void LookAtFields(const corpus::Record& record);
  void Add(Mark mark);
  void AddDataset(const Dataset& dataset, std::string words);
  const FieldName& NameOfField(size_t number, std::string_view name);
  ClaimKind KindOfClaim(size_t number, std::string_view name);

  const DatasetCatalogue& catalogue_;
  TextMarkFinder texts_;
  File file_;
  std::vector<FieldName> field_names_;
  std::vector<ClaimName> claim_names_;
  std::vector<Mark> marks_;
};

// Whether weak marks of one kind make a finding, of verdict `clean`.
enum class LoneMarks { kLeaveOut, kTell };

// What the marks of a record come to: at most one finding about the record and
// one about each of its texts, of kind kMarked.
//
// A strong mark's verdict follows from its generators' terms; where those, or
// two strong marks, would give different verdicts, it is `ambiguous`. Weak
// marks never decide alone: those of two kinds or more about one text (with
// those about its record) make it `ambiguous`; of one kind they only stand
// beside strong ones, or in a finding of verdict `clean`.
//
// A finding about a record of several texts has no field, no bytes and no
// lines: its place names the record, and all of it is meant. One about a
// record of one text, or about a file, has that text's field, bytes and lines.
// With kYes, findings about a text carry the lines of their first mark.
std::vector<Finding> MakeMarkedFindings(const corpus::Record& record,
                                        std::span<const Mark> marks,
                                        const Judgement& judgement,
                                        KeepText keep_text, LoneMarks lone);

}  // namespace cofferdam::evidence
