#pragma once

#include <string>
#include <vector>

#include "benches/recall_pieces.h"
#include "benches/recall_sheet.h"

namespace cofferdam::bench {

// What rows with context are made of.
struct ContextMaterial {
  const evidence::Background* background;  // may be null
  const std::vector<ModelOutput>& outputs;
  const std::vector<size_t>& pieces_from;  // places in `outputs`
  const HumanLines& human_lines;
  size_t pieces;  // of each language
};

// Pieces of the outputs that stand later in the repository of the exchange, by
// how much of them was changed; `how` says what the first rows change.
void ReportContext(const ContextMaterial& material, const RecallLedger& ledger,
                   const std::string& how, RecallSheet* sheet);

// What persons wrote beside the outputs: a ledger of its own, without some
// files of each package, which are scanned instead.
void ReportPersons(const ContextMaterial& material, RecallSheet* sheet);

}  // namespace cofferdam::bench
