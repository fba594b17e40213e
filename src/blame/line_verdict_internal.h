#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "blame/blamer.h"
#include "blame/line_votes_internal.h"

namespace cofferdam::blame {

// When the outputs that vote were written, by candidate; 0: not known.
using CandidateTimes = std::span<const int64_t>;

// What the votes make of each line, with candidates as origins. Lines without
// tokens follow those around them as far as the output and the history of
// `text` allow it.
std::vector<BlamedLine> DecideLines(const LineVotes& votes,
                                    const std::vector<VotedLine>& lines,
                                    CandidateTimes times,
                                    const BlamedText& text);

}  // namespace cofferdam::blame
