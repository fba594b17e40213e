#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/engine.h"
#include "agent/engine/http_engine.h"
#include "base/result.h"
#include "wire/types.h"

namespace cofferdam::agent {

// How a model is asked to change files.
enum class EditFormat {
  kSearchReplace,  // the edit tool: an old text and a new one
  kPatch,          // the patch tool
  kWholeFile,      // the write tool alone
};
// "search_replace", "patch", "whole_file".
std::string_view EditFormatName(EditFormat format);

// What tokens cost, in micro-dollars per million.
struct ModelRates {
  int64_t input = 0;
  int64_t cached = 0;
  int64_t output = 0;
};

// What is known of a model: how it likes to work, what its makers advise.
struct ModelProfile {
  std::string name;
  // Names of models that it is for, lower case, "*" for any run of characters.
  std::vector<std::string> match;
  // The first is tried first; where it keeps failing, the next.
  std::vector<EditFormat> edit_formats;
  // Where the engine does not tell.
  int64_t context_tokens = 0;
  // Of one answer.
  int64_t output_tokens_max = 0;
  Sampling sampling;
  EngineQuirks quirks;
  std::optional<ModelRates> rates;
};

// In micro-dollars, rounded up; none without rates.
std::optional<int64_t> CostMicros(const ModelProfile& profile,
                                  const wire::Usage& usage);

// Profiles by name patterns: data/models.toml, which is in the binary, and a
// company's own file before it (docs/formats/models.md). Immutable; safe from
// any thread.
class ModelProfiles {
 public:
  // A longer file is kTooLarge.
  static constexpr size_t kFileBytesMax = size_t{1} << 20;

  // The built-in ones; read on first use, in well under a millisecond.
  static const ModelProfiles& BuiltIn();
  // The rows of `text` before those of `base`. kInvalid lists every issue with
  // its line.
  static Result<ModelProfiles> Parse(std::string_view text,
                                     const std::string& file_name,
                                     const ModelProfiles* base);
  // A company's own file before the built-in ones; empty: those alone.
  static Result<ModelProfiles> Load(const std::string& own_file);

  // The first whose patterns match the model's name, as the engine or the user
  // gives it ("Qwen/Qwen3-Coder-30B-A3B-Instruct-GGUF:Q4_K_M", a path): in
  // lower case, whole or behind its last '/'. Else the one named "default".
  const ModelProfile& For(std::string_view model) const;
  // By its own name; null if there is none.
  const ModelProfile* Find(std::string_view name) const;
  const std::vector<ModelProfile>& all() const { return profiles_; }

 private:
  std::vector<ModelProfile> profiles_;
};

// The text of data/models.toml that this binary was built with.
std::string_view BuiltInModelsText();

}  // namespace cofferdam::agent
