#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/ulid.h"
#include "blame/blamer.h"
#include "corpus/main_branch.h"
#include "ledger/outcome.h"

namespace cofferdam::cli {

// Who wrote one line, and which line of which output it follows.
struct AttributedLine {
  blame::LineClass line_class = blame::LineClass::kUnknown;
  std::optional<Ulid> exchange;  // none: no output of the ledger
  uint32_t part = 0;
};

// One for each line of the text of a file as of a commit. On one thread.
using Attribute = std::function<Result<std::vector<AttributedLine>>(
    const corpus::BroughtCommit& commit, const corpus::BroughtFile& file,
    std::string_view text)>;

// Lines of outputs that commits brought before those that are looked at: by
// exchange and part, the names rising.
using EarlierLines =
    std::map<std::pair<Ulid, uint32_t>, std::vector<ledger::OutputLines>>;

// What the commits of a main branch brought, as the ledger keeps it: in the
// order of the branch. Authors are addresses, which the holder of the ledger
// takes for persons.
//
// A line that follows an output is named by a digest of what stands in it but
// white space, and by its number among the equal ones of its commit. The first
// commit that brings it has it; where a later one brings it again, it lives as
// long as either. What is in `earlier` is somebody else's already.
//
// `attributes` makes an Attribute for each of `threads`; `now_micros` says what
// is old enough to have survived.
Result<std::vector<ledger::CommitOutcome>> MakeOutcomes(
    const corpus::MainBranch& branch, const std::string& repo,
    const EarlierLines& earlier, const std::function<Attribute()>& attributes,
    size_t threads, int64_t now_micros);

}  // namespace cofferdam::cli
