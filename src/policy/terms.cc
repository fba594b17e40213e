#include "policy/terms.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <tuple>
#include <utility>

#include "base/check.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "base/toml.h"
#include "seal/hash.h"

namespace cofferdam::policy {
namespace {

constexpr std::string_view kAny = "any";
constexpr std::string_view kInherit = "inherit";
constexpr size_t kVersionSize = 12;

std::vector<std::string> ClassNames() {
  return {"forbid_any",  "forbid_compete", "allow_limited", "allow_naming",
          "allow_viral", "allow",          "inherit",       "unknown"};
}

std::string Required(TomlTable& table, std::string_view key) {
  std::optional<std::string> value = table.String(key);
  if (value && value->empty()) table.Complain(key, "must not be empty");
  if (!value && !table.Has(key)) table.Missing(key);
  return value.value_or("");
}

void ReadWeights(TomlTable& table, TermsRow* row) {
  for (std::string_view key : {"provider", "product", "plan"}) {
    if (table.Has(key)) {
      table.Complain(key, "stands beside weights; a row has one or the other");
      table.String(key);
    }
  }
  row->weights = table.Strings("weights").value_or(std::vector<std::string>());
  if (row->weights.empty()) {
    table.Complain("weights", "must name at least one model");
  }
  for (const std::string& name : row->weights) {
    size_t slash = name.find('/');
    if (slash == std::string::npos || slash == 0 || slash + 1 == name.size() ||
        name.find('/', slash + 1) != std::string::npos) {
      table.Complain("weights",
                     fmt::format("\"{}\" must be publisher/model", name));
    }
  }
}

TermsRow ReadRow(TomlTable& table) {
  TermsRow row;
  row.line = table.line();
  if (table.Has("weights")) {
    ReadWeights(table, &row);
  } else {
    row.provider = Required(table, "provider");
    row.product = Required(table, "product");
    row.plan = Required(table, "plan");
    if (row.provider == kAny) {
      table.Complain("provider", "must be one provider");
    }
  }
  row.document = Required(table, "document");
  if (!table.Has("in_force_from")) table.Missing("in_force_from");
  row.in_force_from_micros = table.Date("in_force_from").value_or(0);
  row.in_force_from = FormatTime(row.in_force_from_micros).substr(0, 10);
  if (!table.Has("class")) table.Missing("class");
  std::string name = table.OneOf("class", ClassNames()).value_or("unknown");
  if (name != kInherit) row.terms_class = ParseTermsClass(name);
  row.note = table.String("note").value_or("");
  row.reviewed_by = table.String("reviewed_by").value_or("");
  table.Finish();
  return row;
}

// Every class is explained, and nothing else is.
void ReadClasses(TomlTable& root) {
  std::optional<TomlTable> classes = root.Table("classes");
  if (!classes) {
    if (!root.Has("classes")) root.Missing("classes");
    return;
  }
  for (const std::string& name : ClassNames()) Required(*classes, name);
  classes->Finish();
}

// "meta/llama-3.1" covers "meta/llama-3.1-70b", not "meta/llama-3.10".
bool Covers(std::string_view name, std::string_view weights) {
  return weights.starts_with(name) &&
         (weights.size() == name.size() || weights[name.size()] == '-');
}

bool FieldMatches(std::string_view of_row, std::string_view of_contract) {
  return of_row == kAny || of_contract.empty() || of_row == of_contract;
}

bool Matches(const TermsRow& row, const Contract& contract) {
  if (!contract.weights.empty()) {
    return std::any_of(row.weights.begin(), row.weights.end(),
                       [&](const std::string& name) {
                         return Covers(name, contract.weights);
                       });
  }
  return !contract.provider.empty() && row.provider == contract.provider &&
         FieldMatches(row.product, contract.product) &&
         FieldMatches(row.plan, contract.plan);
}

// Whether `later` takes the place of `earlier` once it is in force.
bool Replaces(const TermsRow& later, const TermsRow& earlier) {
  return later.in_force_from_micros > earlier.in_force_from_micros &&
         std::tie(later.provider, later.product, later.plan, later.weights,
                  later.document) == std::tie(earlier.provider, earlier.product,
                                              earlier.plan, earlier.weights,
                                              earlier.document);
}

// Two rows of one day about the same would leave open which one holds.
void CheckTwins(const std::vector<TermsRow>& rows, TomlDocument& document) {
  std::set<std::tuple<std::string, std::string, std::string,
                      std::vector<std::string>, std::string, std::string>>
      seen;
  for (const TermsRow& row : rows) {
    if (!seen.emplace(row.provider, row.product, row.plan, row.weights,
                      row.document, row.in_force_from)
             .second) {
      document.AddIssue(row.line, 1,
                        "[row]: the same document of the same day stands "
                        "above already");
    }
  }
}

std::string Quoted(const std::set<std::string>& names) {
  std::string list;
  for (const std::string& name : names) {
    list += fmt::format("{}\"{}\"", list.empty() ? "" : ", ", name);
  }
  return list;
}

}  // namespace

Result<TermsTable> TermsTable::Parse(std::string_view text,
                                     std::string_view file_name) {
  TermsTable table;
  TomlDocument document = TomlDocument::Parse(text);
  if (document.issues().empty()) {
    TomlTable root = document.root();
    ReadClasses(root);
    for (TomlTable& row : root.Tables("row")) {
      table.rows_.push_back(ReadRow(row));
    }
    if (!root.Has("row")) root.Missing("row");
    root.Finish();
    CheckTwins(table.rows_, document);
  }
  if (!document.issues().empty()) {
    return Error(Code::kInvalid, FormatIssues(file_name, document.issues()));
  }
  table.version_ = ToHex(seal::Sha256(text)).substr(0, kVersionSize);
  return table;
}

const TermsTable& TermsTable::BuiltIn() {
  // A test parses it, so that this cannot fail.
  static const TermsTable table = [] {
    Result<TermsTable> parsed = Parse(BuiltInTermsText(), "data/terms.toml");
    CHECK_OK(parsed);
    return *std::move(parsed);
  }();
  return table;
}

TermsResolution TermsTable::Resolve(const Contract& contract, int64_t at_micros,
                                    std::optional<TermsClass> routed) const {
  TermsResolution resolution;
  if (contract.terms_class) {
    resolution.terms_class = *contract.terms_class;
    return resolution;
  }
  for (const TermsRow& row : rows_) {
    if (row.in_force_from_micros > at_micros || !Matches(row, contract)) {
      continue;
    }
    bool replaced =
        std::any_of(rows_.begin(), rows_.end(), [&](const TermsRow& other) {
          return other.in_force_from_micros <= at_micros &&
                 Replaces(other, row);
        });
    if (replaced) continue;
    TermsClass terms_class =
        row.terms_class.value_or(routed.value_or(TermsClass::kUnknown));
    resolution.terms_class =
        resolution.rows.empty() ? terms_class
                                : Stricter(resolution.terms_class, terms_class);
    resolution.rows.push_back(&row);
  }
  return resolution;
}

Status TermsTable::CheckContract(const Contract& contract) const {
  if (contract.terms_class) return {};
  std::set<std::string> weights, providers, products, plans;
  for (const TermsRow& row : rows_) {
    weights.insert(row.weights.begin(), row.weights.end());
    if (row.weights.empty()) providers.insert(row.provider);
    if (row.provider != contract.provider || !row.weights.empty()) continue;
    if (row.product != kAny) products.insert(row.product);
    if (FieldMatches(row.product, contract.product) && row.plan != kAny) {
      plans.insert(row.plan);
    }
  }
  auto unknown = [](std::string_view field, std::string_view value,
                    const std::set<std::string>& known) {
    return Error(Code::kNotFound,
                 fmt::format("{}: the terms know no \"{}\", only {}", field,
                             value, Quoted(known)));
  };
  if (!contract.weights.empty()) {
    bool known = std::any_of(weights.begin(), weights.end(),
                             [&](const std::string& name) {
                               return Covers(name, contract.weights);
                             });
    if (known) return {};
    return unknown("weights", contract.weights, weights);
  }
  if (!providers.contains(contract.provider)) {
    return unknown("provider", contract.provider, providers);
  }
  // A provider or product of which only "any" is known takes every name.
  if (!contract.product.empty() && !products.empty() &&
      !products.contains(contract.product)) {
    return unknown("product", contract.product, products);
  }
  if (!contract.plan.empty() && !plans.empty() &&
      !plans.contains(contract.plan)) {
    return unknown("plan", contract.plan, plans);
  }
  return {};
}

}  // namespace cofferdam::policy
