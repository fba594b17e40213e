#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace cofferdam::agent {

// The part of JSON Schema that final answers can be held to (docs/formats/
// code-stream.md): type, enum, const, properties, required,
// additionalProperties, items, minItems, maxItems, minLength, maxLength (in
// characters), minimum, maximum, exclusiveMinimum, exclusiveMaximum, anyOf,
// oneOf, allOf, not, $ref to "#" and "#/…"; annotations are passed over.
class AnswerSchema {
 public:
  static constexpr size_t kBytesMax = size_t{256} << 10;
  // Of schemas inside schemas and of references followed.
  static constexpr int kDepthMax = 64;
  // Told of one answer.
  static constexpr size_t kIssuesMax = 8;

  // kInvalid with the place for what is no schema, and for a keyword beyond
  // those above, since an answer could not be held to it.
  static Result<AnswerSchema> Parse(std::string_view text);

  // Canonical.
  const std::string& text() const { return text_; }

  // What is wrong with an answer: "/files/0/path: must be a string". Empty:
  // it meets the schema. Looks through a fence around the whole answer; `json`
  // is then the value alone, canonical.
  std::vector<std::string> Check(std::string_view answer,
                                 std::string* json) const;

 private:
  class Checker;

  explicit AnswerSchema(std::shared_ptr<const JsonDocument> schema);

  std::shared_ptr<const JsonDocument> schema_;
  std::string text_;
};

}  // namespace cofferdam::agent
