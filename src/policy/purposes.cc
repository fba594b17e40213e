#include "policy/purposes.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "policy/glob.h"
#include "policy/names.h"

namespace cofferdam::policy {
namespace {

constexpr std::string_view kFeeds[] = {"nothing", "training", "evaluation"};

template <typename Names>
std::string Joined(const Names& names) {
  std::string text;
  for (std::string_view name : names) {
    if (!text.empty()) text += ", ";
    text += name;
  }
  return text;
}

}  // namespace

std::string_view FeedsName(Feeds feeds) {
  return kFeeds[static_cast<size_t>(feeds)];
}

std::optional<Feeds> ParseFeeds(std::string_view name) {
  for (size_t i = 0; i < std::size(kFeeds); ++i) {
    if (kFeeds[i] == name) return static_cast<Feeds>(i);
  }
  return std::nullopt;
}

Purposes::Purposes()
    : all_{{std::string(kUnspecified), Feeds::kNothing},
           {"product", Feeds::kNothing},
           {"research", Feeds::kNothing},
           {"training-code", Feeds::kTraining},
           {"data-generation", Feeds::kTraining},
           {std::string(kEvalAuthoring), Feeds::kEvaluation}} {}

Status Purposes::Add(std::string_view name, Feeds feeds) {
  TRY(CheckPurpose(name));
  if (name == kEvalAuthoring) {
    return Error(Code::kInvalid,
                 "eval-authoring always feeds evaluation; a rule can allow it");
  }
  all_.insert_or_assign(std::string(name), feeds);
  return {};
}

void Purposes::AddRepository(std::string pattern,
                             std::vector<std::string> purposes) {
  repositories_.push_back({std::move(pattern), std::move(purposes)});
}

Feeds Purposes::Of(std::string_view purpose) const {
  if (purpose.empty()) return Feeds::kNothing;
  const auto found = all_.find(purpose);
  return found == all_.end() ? Feeds::kTraining : found->second;
}

bool Purposes::Known(std::string_view purpose) const {
  return all_.find(purpose) != all_.end();
}

Status Purposes::Check(std::string_view repo, std::string_view purpose) const {
  if (!purpose.empty() && !Known(purpose)) {
    std::vector<std::string_view> names;
    for (const auto& [name, feeds] : all_) names.push_back(name);
    return Error(Code::kInvalid,
                 fmt::format("purpose: unknown \"{}\", must be one of {}",
                             purpose, Joined(names)));
  }
  for (const Repository& repository : repositories_) {
    if (!MatchesGlob(repository.pattern, repo)) continue;
    const std::vector<std::string>& admitted = repository.purposes;
    if (std::find(admitted.begin(), admitted.end(), purpose) !=
        admitted.end()) {
      return {};
    }
    return Error(
        Code::kDenied,
        fmt::format(
            "purpose: {} admits only {}, not \"{}\"",
            repo.empty() ? std::string_view("work outside a repository") : repo,
            Joined(admitted), purpose));
  }
  return {};
}

}  // namespace cofferdam::policy
