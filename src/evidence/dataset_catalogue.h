#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
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
// datasets.md). From any thread; what it says never changes.
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
  // The table built into this binary, by `terms` or by those built into it. It
  // is read when something of it is first asked for, which costs milliseconds
  // and most scans never do.
  static DatasetCatalogue BuiltInBy(std::optional<policy::TermsTable> terms,
                                    int64_t at_micros);
  // By the terms built into this binary, as they are now.
  static const DatasetCatalogue& BuiltIn();

  // Values of it point into it; they hold across a move.
  DatasetCatalogue(DatasetCatalogue&&) noexcept;
  DatasetCatalogue& operator=(DatasetCatalogue&&) noexcept;
  ~DatasetCatalogue();

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
  const std::string& version() const;
  const std::vector<std::unique_ptr<const Generator>>& generators() const;
  const std::vector<std::unique_ptr<const Dataset>>& datasets() const;

 private:
  class Reader;
  struct Contents;
  struct State;
  explicit DatasetCatalogue(std::unique_ptr<State> state);
  const Contents& contents() const;

  std::unique_ptr<State> state_;
};

// The text of data/datasets.toml that this binary was built with.
std::string_view BuiltInDatasetsText();

}  // namespace cofferdam::evidence
