#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "evidence/background.h"
#include "evidence/byte_model.h"

namespace cofferdam::evidence {

// Makes a layer of the background from human text. The same documents in the
// same order give the same bytes. Memory: about 8 bytes a token, and while the
// models are made about 70 bytes a token of the largest family.

struct BackgroundLimits {
  // Tokens of one document that count for the token model and the common
  // grams; as prior art all of it is known.
  size_t document_tokens_max = size_t{1} << 16;
  // Tokens of one project that count for the token model of one family, so
  // that a large one does not speak for all.
  size_t project_tokens_max = size_t{3} << 20;
  // All tokens of a layer.
  uint64_t tokens_max = uint64_t{1} << 30;
  size_t projects_max = size_t{1} << 16;
  ModelOptions model;
  int common_fingerprint_bits = 8;
  int prior_fingerprint_bits = 8;
};

class BackgroundBuilder {
 public:
  // `date_micros`: all text is older than that.
  BackgroundBuilder(int64_t date_micros, const BackgroundLimits& limits = {});
  BackgroundBuilder(BackgroundBuilder&&) noexcept;
  ~BackgroundBuilder();

  // What is added from now on belongs to another project. kTooLarge beyond
  // projects_max.
  Status BeginProject();

  // What became of a document.
  enum class Added {
    kAdded,
    kTooShort,  // under kPriorGram tokens
    kTable,     // mostly numbers and strings
    // The same normalised tokens as one before: counts only for what several
    // projects hold.
    kDuplicate,
  };
  // After BeginProject. `path` gives the language. kTooLarge beyond
  // tokens_max.
  Result<Added> AddDocument(std::string_view path, std::string_view text);

  uint64_t tokens() const;

  // The bytes of the layer's file; the builder is empty afterwards. `sources`
  // says where the text came from (JSON, at most kSourcesBytesMax).
  Result<std::string> Finish(std::string_view sources) &&;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Of the tokens of a document, at most this share may be numbers and strings.
inline constexpr double kTableShareMax = 0.5;

}  // namespace cofferdam::evidence
