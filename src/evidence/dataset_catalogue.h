#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "policy/contract.h"
#include "policy/terms.h"

namespace cofferdam::evidence {

// A model, or a family of them, by the names that corpora give it.
struct Generator {
  std::string name;  // "OpenAI", "Llama 3.1 to 3.3"
  // What its outputs may be used for, as the terms say now.
  policy::TermsClass terms_class = policy::TermsClass::kUnknown;
  std::string note;  // why, where no row of the terms says it
  // Values of claims: small letters, "*" for anything.
  std::vector<std::string> names;
};

// Whether a record of a dataset is sure to be a model's.
enum class Holds { kOutputs, kMixed };

// Who says that models wrote it: its authors, a public catalogue, or nobody
// whose word we have read.
enum class Confidence { kAuthors, kCatalogue, kUnverified };

struct Dataset {
  std::string name;
  std::vector<std::string> match;
  std::vector<const Generator*> generators;
  Holds holds = Holds::kOutputs;
  Confidence confidence = Confidence::kUnverified;
  std::string source;
};

// data/datasets.toml: public datasets that models wrote (docs/formats/
// datasets.md). Immutable; from any thread.
class DatasetCatalogue {
 public:
  // Names and patterns are at most so long, rows of a kind at most so many.
  static constexpr size_t kNameBytesMax = 200;
  static constexpr size_t kRowsMax = 100'000;
  // Of a path or a claim, what is looked at.
  static constexpr size_t kPathBytesMax = 4096;

  // Strict: every problem is named with file, line and column (kInvalid).
  // `terms` as they are in force at `at_micros`.
  static Result<DatasetCatalogue> Parse(std::string_view text,
                                        std::string_view file_name,
                                        const policy::TermsTable& terms,
                                        int64_t at_micros);
  // The table built into this binary, by the terms built into it.
  static const DatasetCatalogue& BuiltIn();

  // Values of it point into it, so it stays where it is.
  DatasetCatalogue(DatasetCatalogue&&) noexcept = default;
  DatasetCatalogue& operator=(DatasetCatalogue&&) noexcept = default;

  // The dataset that a path names: in any folder of it or its file's name, the
  // longest name first. Null for none, and for what people's datasets are
  // called.
  const Dataset* OfPath(std::string_view path) const;
  // The one that a whole text names: "tatsu-lab/alpaca", "openhermes-2.5".
  const Dataset* OfName(std::string_view name) const;
  // The generator that a whole text names: "gpt-4o", "openai/gpt-4o",
  // "claude-3-5-sonnet-20241022". The first row that matches.
  const Generator* OfModel(std::string_view name) const;

  // Of what it says, terms included: 16 hexadecimal digits.
  const std::string& version() const { return version_; }
  const std::vector<std::unique_ptr<const Generator>>& generators() const {
    return generators_;
  }
  const std::vector<std::unique_ptr<const Dataset>>& datasets() const {
    return datasets_;
  }

 private:
  class Reader;
  struct Named {
    const Dataset* dataset;  // null: people wrote it
    size_t bytes;            // of the name that matched
  };
  DatasetCatalogue() = default;
  void Name(const std::string& pattern, const Dataset* dataset);
  std::optional<Named> OfWords(std::string_view normal) const;

  std::string version_;
  // Behind pointers, so that those to them hold across a move.
  std::vector<std::unique_ptr<const Generator>> generators_;
  std::vector<std::unique_ptr<const Dataset>> datasets_;
  // By normal name; the longest one counts its words.
  std::unordered_map<std::string, const Dataset*> by_name_;
  size_t words_max_ = 0;
  std::vector<std::pair<std::string, const Dataset*>> globs_;
};

// The text of data/datasets.toml that this binary was built with.
std::string_view BuiltInDatasetsText();

}  // namespace cofferdam::evidence
