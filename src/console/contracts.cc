#include "console/contracts.h"

#include <fmt/format.h>

#include <string>

namespace cofferdam::console {
namespace {

// Names that an error lists.
constexpr size_t kNamesShown = 20;

}  // namespace

Result<const policy::Contract*> Contracts::Find(std::string_view name) const {
  std::string names;
  size_t shown = 0;
  for (const policy::Contract& contract : contracts) {
    if (contract.name == name) return &contract;
    if (++shown > kNamesShown) continue;
    names += (names.empty() ? "" : ", ") + contract.name;
  }
  if (shown > kNamesShown) names += ", …";
  return Error(Code::kNotFound,
               fmt::format("the configuration has no contract \"{}\", only: {}",
                           name, names.empty() ? "none at all" : names));
}

ledger::Terms Contracts::TermsAt(const policy::Contract& contract,
                                 int64_t micros) const {
  ledger::Terms record;
  record.provider = contract.provider;
  record.product = contract.product;
  record.plan = contract.plan;
  record.weights = contract.weights;
  policy::TermsClass terms_class =
      contract.terms_class.value_or(policy::TermsClass::kUnknown);
  if (terms) {
    terms_class = terms->Resolve(contract, micros).terms_class;
    record.version = terms->version();
  }
  record.terms_class = policy::TermsClassName(terms_class);
  return record;
}

}  // namespace cofferdam::console
