#pragma once

#include <string>
#include <vector>

#include "blame/blamer.h"
#include "evidence/finding.h"

namespace cofferdam::blame {

// Lines that follow each other with one class, basis and origin; without those
// that are unknown.
struct LineRun {
  evidence::LineRange lines;
  LineClass line_class = LineClass::kModel;
  Basis basis = Basis::kContent;
  uint32_t origin = kNone;
};
std::vector<LineRun> RunsOf(const BlamedFile& file);

// Null without one.
const evidence::Origin* OriginOf(const BlamedFile& file, uint32_t origin);

// "anthropic/claude-x", as models.dev writes it; empty where no model is said.
std::string ModelId(const evidence::Origin& origin);

}  // namespace cofferdam::blame
