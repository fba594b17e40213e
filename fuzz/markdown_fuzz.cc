// What a model says, as a terminal gets it: the finished rows are the same in
// any pieces, and no control character is in them.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "agent/terminal/markdown_stream.h"
#include "agent/terminal/styled_text.h"
#include "base/check.h"
#include "target.h"

namespace cofferdam::agent {
namespace {

using Rows = std::vector<StyledLine>;

Rows ReadInPieces(std::string_view text, size_t piece, int columns) {
  MarkdownStream stream(columns);
  Rows rows;
  while (!text.empty()) {
    stream.Append(text.substr(0, piece));
    text.remove_prefix(std::min(piece, text.size()));
    for (StyledLine& row : stream.TakeRows()) rows.push_back(std::move(row));
    CHECK(stream.Tail(7).size() <= 7);
  }
  stream.Finish();
  for (StyledLine& row : stream.TakeRows()) rows.push_back(std::move(row));
  return rows;
}

void CheckText(std::string_view text) {
  constexpr int kColumns = 60;
  const Rows whole = ReadInPieces(text, text.size() + 1, kColumns);
  CHECK(ReadInPieces(text, 13, kColumns) == whole);
  for (const StyledLine& row : whole) {
    for (const char byte : PlainText(row)) {
      CHECK(static_cast<unsigned char>(byte) >= 0x20 && byte != 0x7f);
    }
  }
}

}  // namespace
}  // namespace cofferdam::agent

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  cofferdam::agent::CheckText(cofferdam::FuzzText(data, size));
  return 0;
}
