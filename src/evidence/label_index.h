#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "fingerprint/index.h"
#include "fingerprint/lex.h"
#include "fingerprint/select.h"

namespace cofferdam::evidence {

// Fingerprints of a company's own material under a name, its label, so that a
// rule can say what must not leave (`prompt_contains`). Holds evidence streams
// and paths, no text. Each label is a folder of its own below `labels/` in the
// data folder; format: docs/formats/labels.md.

inline constexpr size_t kLabelBytesMax = 64;
inline constexpr size_t kLabelsMax = 1024;
inline constexpr size_t kLabelSourcesMax = 256;
inline constexpr size_t kLabelPathBytesMax = 4096;
// About how large one segment of a label gets before the next is begun.
inline constexpr uint64_t kLabelSegmentBytesMax = uint64_t{64} << 20;

// 1 to 64 of a-z, 0-9 and '-', not beginning with '-'; else kInvalid.
Status CheckLabel(std::string_view label);

// What one edition of a label holds.
struct LabelInfo {
  std::string label;
  uint64_t edition = 0;  // 1 and up; grows with each build
  std::string folder;    // of its index
  std::vector<std::string> from;
  int64_t built_at_micros = 0;  // since 1970
  uint64_t files = 0;
  uint64_t tokens = 0;
  uint64_t fingerprints = 0;
  uint64_t bytes = 0;
  // Of TokenStream::languages: what its files were lexed in.
  uint64_t languages = 0;

  bool operator==(const LabelInfo&) const = default;
};

// kNotFound when the label was never built, kCorrupt when its file breaks the
// format. `labels_folder` is LabelsFolder of the data folder.
Result<LabelInfo> ReadLabel(const std::string& labels_folder,
                            std::string_view label);
// All labels, by name. A folder that does not exist has none.
Result<std::vector<LabelInfo>> ListLabels(const std::string& labels_folder);
// "<data>/labels".
std::string LabelsFolder(const std::string& data_folder);

// The path that a descriptor of a label's index names; kCorrupt.
Result<std::string> LabelledPath(std::string_view descriptor);

// Builds one edition of a label. Nothing is seen of it until Finish; what is
// left of a build that was given up goes with the next. One at a time for each
// label, in any process (kConflict).
class LabelBuilder {
 public:
  enum class Mode {
    kReplace,  // the new edition holds what is added alone
    kAdd,      // and all that the label held before
  };

  static Result<LabelBuilder> Open(const std::string& labels_folder,
                                   std::string_view label, Mode mode);
  LabelBuilder(LabelBuilder&&) noexcept;
  ~LabelBuilder();

  enum class Added {
    kYes,
    kTooShort,  // no run of it could ever be found
    kTooLarge,  // more tokens than an evidence stream holds
  };
  // `path` is what a finding will name; its ending says the language.
  Result<Added> AddFile(std::string_view path, std::string_view text);

  // Publishes. `from` is what was asked for, kept for people. kInvalid when the
  // label would hold nothing.
  Result<LabelInfo> Finish(std::vector<std::string> from, int64_t now_micros);

 private:
  struct State;
  explicit LabelBuilder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace cofferdam::evidence
