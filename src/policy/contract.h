#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "policy/prices.h"

namespace cofferdam::policy {

// What the outputs of a contract may be used for. Strictest first: of two
// classes that apply, the one further up wins.
enum class TermsClass {
  kForbidAny,      // may train no model
  kUnknown,        // nobody has read the terms: as forbidden
  kForbidCompete,  // may not train a model that competes with the provider's
  kAllowViral,     // allowed; restrictions flow down
  kAllowLimited,   // allowed with stated limits
  kAllowNaming,    // allowed; the trained model carries a naming duty
  kAllow,          // allowed
};

// "forbid_any", "unknown", …: as in data/terms.toml, reports and JSON.
std::string_view TermsClassName(TermsClass terms_class);
std::optional<TermsClass> ParseTermsClass(std::string_view name);
// The stricter of both.
TermsClass Stricter(TermsClass a, TermsClass b);

// The plan under which a model is used, as `[contract.NAME]` of the
// configuration says: either an explicit class, or the weights of a model that
// the company hosts, or a provider with product and plan.
struct Contract {
  std::string name;
  std::string provider;
  std::string product;
  std::string plan;
  std::string weights;  // "meta/llama-3.1"
  std::optional<TermsClass> terms_class;
  // What its use costs, where that is not as listed.
  RateCard card;

  bool operator==(const Contract&) const = default;
};

}  // namespace cofferdam::policy
