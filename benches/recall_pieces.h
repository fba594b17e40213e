#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "benches/ancestry.h"
#include "benches/recall_ledger.h"
#include "benches/recall_material.h"
#include "benches/rewriting.h"

// Pieces of the ledger's outputs, edited as people edit, and what a scan says
// of them.
namespace cofferdam::bench {

// Shares of lines (or words) edited.
inline constexpr std::array<double, 5> kEdits = {0, .10, .20, .35, .50};
inline constexpr std::array<double, 4> kWordEdits = {0, .10, .20, .35};

struct PieceOptions {
  size_t lines = 30;
  size_t tokens_min = 0;
  size_t count = 300;  // of each language
  uint64_t seed = 1;
  // The scan knows the repository, and that the text is newer than the output.
  bool context = false;
  double names_changed = 1;  // share
};

// What was seen of one piece after one share of edits.
struct PieceSeen {
  Group group = Group::kOther;
  std::array<Seen, kEdits.size()> at;
};

// Lines that people wrote, by group, to be put into pieces.
using HumanLines = std::array<std::vector<CodeLine>, kGroupCount + 1>;
HumanLines ReadHumanLines(const std::vector<HumanFile>& human);

// Pieces of consecutive code lines of the outputs of `from` (places in
// `outputs`, the ledger's), names changed, comments stripped, reformatted,
// lines edited. A piece has two tokens a line or more. Output number `i` is the
// exchange of sequence `i` + 1.
std::vector<PieceSeen> ExaminePieces(const RecallLedger& ledger,
                                     const std::vector<ModelOutput>& outputs,
                                     const std::vector<size_t>& from,
                                     const HumanLines& human,
                                     const PieceOptions& options);

// The same pieces as they stand in the output: names, comments and layout kept,
// nothing edited; only at[0] is set.
std::vector<PieceSeen> ExamineVerbatim(const RecallLedger& ledger,
                                       const std::vector<ModelOutput>& outputs,
                                       const std::vector<size_t>& from,
                                       const PieceOptions& options);

// Text that is a person's: the same pieces with the names that they have, sent
// in a prompt; each output is that text with all names changed and lines
// edited. What a scan says of the person's text, which nobody may be accused
// of.
std::vector<PieceSeen> ExamineEchoes(const evidence::Background* background,
                                     const std::vector<ModelOutput>& outputs,
                                     const std::vector<size_t>& from,
                                     const HumanLines& human,
                                     const PieceOptions& options);

// Pieces of files that persons wrote beside the outputs of a ledger, as they
// stand; of the place the scan knows what PieceOptions::context says. What
// shares a run of kAncestryRunTokens raw tokens with an output is left out: it
// may well have come from there.
struct PersonsSeen {
  std::vector<PieceSeen> pieces;  // only at[0] is set
  size_t left_out = 0;
};
PersonsSeen ExaminePersons(const RecallLedger& ledger,
                           const SharedRuns& ledgers_text,
                           const std::vector<ModelOutput>& persons,
                           const PieceOptions& options);

// Pieces of `words` words of prose, words edited; at[i] for kWordEdits[i].
std::vector<PieceSeen> ExamineProse(const RecallLedger& ledger,
                                    const std::vector<ModelOutput>& outputs,
                                    size_t words, size_t count);

}  // namespace cofferdam::bench
