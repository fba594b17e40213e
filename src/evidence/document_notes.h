#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "evidence/background.h"
#include "evidence/finding.h"

namespace cofferdam::evidence {

// What explains the tokens of one document beside an output of a model: human
// text of before the exchange, and that several models wrote the same without
// each other, so that a person could have as well.
class DocumentNotes {
 public:
  // Outputs of so many models that hold a token make it shared.
  static constexpr size_t kSharedModelsMin = 3;

  // Runs of at least so many tokens that are the same with their names make
  // them shared exactly.
  static constexpr uint32_t kExactRunMin = 20;

  // `scanned` must outlive it.
  explicit DocumentNotes(const ScannedText& scanned) : scanned_(scanned) {}

  // Notes that an output of `origin` has the tokens of `match`. One session is
  // one author, and so is one model, whatever it was asked.
  void AddAuthor(const Match& match, const Origin& origin);

  // The notes for an exchange of then: bits of TokenNote, one a token. Valid
  // until the next call. `background` may be null.
  std::span<const uint8_t> For(const Origin& origin,
                               const Background* background);

 private:
  // Authors of a token; 0: none.
  using Authors = std::array<uint16_t, kSharedModelsMin>;

  static void Note(uint16_t author, std::span<Authors> tokens);
  void NoteExactRuns(const Match& match, uint16_t author);

  const ScannedText& scanned_;
  std::map<std::string, uint16_t> models_;
  std::map<std::string, uint16_t> session_author_;
  std::vector<Authors> authors_;
  std::vector<Authors> exact_authors_;  // of runs that have their names
  // By how many layers of the background say something about the exchange.
  std::map<size_t, std::vector<uint8_t>> notes_;
};

}  // namespace cofferdam::evidence
