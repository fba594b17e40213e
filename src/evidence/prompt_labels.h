#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "evidence/label_index.h"
#include "wire/request.h"

namespace cofferdam::evidence {

// Why a prompt counts as holding a label's material.
struct LabelEvidence {
  std::string label;
  std::string path;     // of the label's file that it shares most with
  uint32_t line = 0;    // first shared line of that file, from 1
  uint32_t tokens = 0;  // shared
  double bits = 0;      // what that proves (bits.h)
};

struct LabelAnswer {
  uint64_t labels = 0;   // those of the asked ones that the prompt contains
  uint64_t unknown = 0;  // those of the asked ones that were never built
  // One for each label that is contained.
  std::vector<LabelEvidence> evidence;
};

// Says which labels' material a prompt contains, for the request path. Looked
// at is all that would leave: what the person's side says, results of tools,
// and what earlier turns of the assistant hold.
//
// A text of the prompt contains a label when one alignment with one file of it
// (matcher.h: runs of the same normalised tokens, small gaps allowed) has at
// least kTokensMin tokens, and
//   * kPastedBits with kPastedShare of names and literals as in the file: it
//     was pasted; or
//   * kRenamedBits, whatever the names: it was rewritten under other ones; or
//   * kProseBits, if most of it are words of prose, 50 of them.
// Bits weigh what everybody writes at next to nothing: a table, a list of
// imports and a common idiom repeat a few shapes (bits.h); comments, with them
// the heads of licences, are no tokens at all. Two texts of a prompt are never
// added up.
//
// The prompt of an agent repeats earlier turns, so what was found of a text is
// kept, for the next prompt that holds the same text. Safe from any thread.
class PromptLabels {
 public:
  static constexpr size_t kTokensMin = 40;
  static constexpr double kPastedBits = 140;
  static constexpr double kPastedShare = 0.75;
  static constexpr double kRenamedBits = 270;
  static constexpr double kProseBits = 150;
  // Texts whose answer is kept for each label, the latest.
  static constexpr size_t kTextsKeptMax = 32'768;
  // How often the labels' folder is looked at for new editions.
  static constexpr int64_t kLookMs = 2'000;

  // `labels_folder` as LabelsFolder; it need not exist. `clock` and `random`
  // outlive it.
  PromptLabels(std::string labels_folder, const Clock& clock, Random& random);
  ~PromptLabels();
  PromptLabels(const PromptLabels&) = delete;
  PromptLabels& operator=(const PromptLabels&) = delete;

  // `asked` are bits of `labels`, 64 at most. `body` is a request's, without
  // compression. A label is read when it is first asked for, and anew when its
  // edition changes. Errors: those of ReadPrompt; a label that cannot be read
  // (kCorrupt, kUnavailable): the caller must not take that for a no. About
  // 2 ms for 100 KB of new texts, 0.2 ms in a session that goes on (./bench
  // labels).
  Result<LabelAnswer> Search(const std::vector<std::string>& labels,
                             uint64_t asked, wire::Protocol protocol,
                             std::string_view body);
  // The same of a prompt that has been read.
  Result<LabelAnswer> Search(const std::vector<std::string>& labels,
                             uint64_t asked, const wire::Prompt& prompt);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cofferdam::evidence
