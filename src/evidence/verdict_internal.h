#pragma once

#include "evidence/finding.h"

namespace cofferdam::evidence {

// Fills in verdict and why of a finding whose origins, all of them, are there
// and sorted. Those that explain nearly as many of its tokens as the best
// decide: if their terms agree, and one is strong, that is the verdict; if they
// do not, or none is strong, it is ambiguous. A strong origin that explains
// less can only make an allowed finding ambiguous.
void Decide(Finding* finding);

}  // namespace cofferdam::evidence
