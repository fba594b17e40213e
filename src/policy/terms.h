#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/contract.h"

// What providers' terms say about the use of outputs, as data:
// data/terms.toml. Not legal advice; a row names who reviewed it.
namespace cofferdam::policy {

// One document's say about one product and plan, or about published weights.
struct TermsRow {
  std::string provider;
  std::string product;  // "any" stands for every one; empty with weights
  std::string plan;     // "any" stands for every one; empty with weights
  // Published models, instead of the three above: "meta/llama-3.1" covers
  // itself and what follows after a hyphen, "meta/llama-3.1-70b".
  std::vector<std::string> weights;
  std::string document;
  std::string in_force_from;  // "2025-08-01"; from that day, UTC, on
  int64_t in_force_from_micros = 0;
  // None for "inherit": a router, whose routed model's class applies.
  std::optional<TermsClass> terms_class;
  std::string note;
  std::string reviewed_by;  // empty: nobody yet
  int line = 0;             // in the file
};

// What the terms say about one contract at one time.
struct TermsResolution {
  TermsClass terms_class = TermsClass::kUnknown;
  // The rows that applied, in the order of the file; empty for an explicit
  // class and when no row matched. Valid as long as the table.
  std::vector<const TermsRow*> rows;
};

// All rows of one file. Immutable; safe from any thread.
class TermsTable {
 public:
  // Strict: every problem is named with file, line and column (kInvalid).
  static Result<TermsTable> Parse(std::string_view text,
                                  std::string_view file_name);
  // The table built into this binary from data/terms.toml.
  static const TermsTable& BuiltIn();

  TermsTable(TermsTable&&) noexcept = default;
  TermsTable& operator=(TermsTable&&) noexcept = default;

  // An explicit class stands. Else all rows in force at `at_micros` that match
  // apply, and the strictest wins; none is kUnknown. A row is in force from its
  // day on, until a later one of the same provider, product, plan (or weights)
  // and document takes its place. Product and plan match when they are equal,
  // when the row's is "any", or when the contract's is empty. Weights match as
  // TermsRow says. A row that inherits counts as `routed`, else as kUnknown.
  TermsResolution Resolve(
      const Contract& contract, int64_t at_micros,
      std::optional<TermsClass> routed = std::nullopt) const;

  // kNotFound, with the known names, when no row, whatever its date, names the
  // contract's provider, product, plan or weights: most likely a slip of the
  // pen in the configuration, and kUnknown for ever.
  Status CheckContract(const Contract& contract) const;

  // 12 hexadecimal digits of the file's SHA-256, for the exchange record.
  const std::string& version() const { return version_; }
  const std::vector<TermsRow>& rows() const { return rows_; }

 private:
  TermsTable() = default;
  std::vector<TermsRow> rows_;
  std::string version_;
};

// The text of data/terms.toml that this binary was built with.
std::string_view BuiltInTermsText();

}  // namespace cofferdam::policy
