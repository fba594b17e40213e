#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fingerprint/index.h"
#include "fingerprint/language.h"
#include "fingerprint/lex.h"

namespace cofferdam::evidence {

// An output of a test's ledger.
struct SampleOutput {
  std::string text;
  // What the model was shown; its quotations are nobody's evidence.
  std::string prompt;
  // The descriptor's members; empty ones are left out.
  std::string exchange = "01J0000000000000000000000A";
  int part = 0;
  std::string kind = "file";
  std::string path = "src/sample.cc";
  std::string route = "gate";
  std::string provider = "anthropic";
  std::string model = "claude-sample";
  std::string contract = "anthropic";
  std::string terms_class = "forbid_compete";
  std::string repo;
  int64_t time = 1'795'000'000'000'000;
};

// What the ledger would say of `output`, as JSON.
std::string SampleDescriptor(const SampleOutput& output);

// An index in a folder of its own, which goes with it.
class SampleIndex {
 public:
  explicit SampleIndex(const std::vector<SampleOutput>& outputs);
  ~SampleIndex();
  // Adds a segment of these.
  void AddSegment(const std::vector<SampleOutput>& outputs);
  SampleIndex(const SampleIndex&) = delete;
  SampleIndex& operator=(const SampleIndex&) = delete;

  const fingerprint::Index& index() const { return *index_; }
  const std::string& folder() const { return folder_; }

 private:
  std::string folder_;
  std::unique_ptr<fingerprint::Index> index_;
};

fingerprint::TokenStream LexSample(std::string_view text,
                                   fingerprint::Language language);

}  // namespace cofferdam::evidence
