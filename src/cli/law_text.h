#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/contract.h"
#include "policy/law.h"

namespace cofferdam::cli {

// What the terms say of one contract of the configuration, now.
struct ContractTerms {
  std::string name;
  policy::TermsClass terms_class = policy::TermsClass::kUnknown;
};

// The whole law for people: its rules, what holds without them, purposes,
// repositories, contracts. Lines, each ended.
std::string LawText(const policy::Law& law,
                    const std::vector<ContractTerms>& contracts,
                    std::string_view terms_version);

// The same as one JSON object.
std::string LawJson(const policy::Law& law,
                    const std::vector<ContractTerms>& contracts);

}  // namespace cofferdam::cli
