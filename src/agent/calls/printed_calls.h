#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/calls/call_families.h"

namespace cofferdam::agent {

// The calls in a text that a model wrote.
struct PrintedCalls {
  // To be run, or to be refused (`problem`), in their order.
  std::vector<PrintedCall> calls;
  // The text without them.
  std::string text;
  // Left in the text, since they may be meant as examples: why, each.
  struct Left {
    PrintedCall call;
    std::string_view why;
    // Stands in what the model wrote while it thought.
    bool thought = false;
  };
  std::vector<Left> left;
  // Nothing but thinking stands in the text.
  bool all_thought = false;
  // Outside of what is fenced, quoted or thought stand words with which markers
  // of calls begin.
  bool trace = false;
};

// Finds them. A call is taken as meant if it has a marker of a known family, or
// stands alone at the end of the text and matches a tool to the letter; and if
// nothing says that it is an example: a fence, a quote, inline code, words like
// "for example" in the line before, words on both sides in its own line, a
// block of thinking. Texts beyond kMendedBytesMax are not searched. Linear: at
// most a bounded number of places are tried twice.
PrintedCalls FindPrintedCalls(std::string_view text,
                              std::span<const ToolSpec> tools, Ending ending);

}  // namespace cofferdam::agent
