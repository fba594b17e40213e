#include "cli/code_policy.h"

#include <fmt/format.h>

#include <utility>

#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "cli/config.h"
#include "cli/context.h"
#include "cli/law_file.h"
#include "cli/record_hand_over.h"
#include "corpus/repository.h"
#include "policy/commit_trailer.h"
#include "policy/forbidden_paths.h"
#include "policy/terms.h"

namespace cofferdam::cli {
namespace {

using agent::CompanyPolicy;

constexpr std::string_view kTool = "cofferdam-code";
constexpr size_t kKeptBytesMax = size_t{4} << 20;

// How a repository is called, and where it lies.
struct Place {
  std::string root;
  std::string remote;
};

Place PlaceOfWorkspace(const std::string& workspace) {
  const auto found = corpus::RepositoryAt(workspace, corpus::Compare::kSkip);
  if (!found) return {workspace, ""};
  return {found->root, found->remote};
}

// What the law says, trailers not filled in.
CompanyPolicy Made(const Place& place, std::string_view forbidden_json,
                   std::string trailer) {
  CompanyPolicy policy;
  policy.commit_trailer = std::move(trailer);
  if (forbidden_json.empty()) return policy;
  auto json = JsonDocument::Parse(forbidden_json);
  auto read = json.ok() ? agent::ReadForbiddenPaths(json->root())
                        : std::move(json).error();
  if (read.ok()) {
    policy.tools = agent::ToolPolicy(place.root, *std::move(read));
  } else {
    policy.notices.push_back(
        "what the policy says of paths could not be read: " +
        read.error().message());
  }
  return policy;
}

// Of the model that will answer.
Result<Decision> DecisionOf(const Login& gate, std::string* model) {
  TRY_ASSIGN(Decision decision, LookUpDecision(gate, *model));
  if (decision.rerouted_to.empty()) return decision;
  *model = decision.rerouted_to;
  return LookUpDecision(gate, *model);
}

CompanyPolicy FromKept(const std::string& path, const Error& unknown,
                       const Place& place, std::string* model) {
  auto text = ReadFile(path, kKeptBytesMax);
  auto json = text.ok() ? JsonDocument::Parse(*text)
                        : Result<JsonDocument>(text.error());
  CompanyPolicy policy;
  if (!json.ok()) {
    policy.notices.push_back(fmt::format(
        "the gate did not say what its policy is for files ({}), and never "
        "did: nothing is kept from being written",
        unknown.message()));
    return policy;
  }
  policy = Made(place, (*json)["forbidden_paths"].StringOrEmpty(),
                std::string((*json)["commit_trailer"].StringOrEmpty()));
  if ((*json)["model"].is_string()) *model = (*json)["model"].StringOrEmpty();
  policy.notices.push_back(fmt::format(
      "the gate did not say what its policy is for files ({}); as it was on {} "
      "counts",
      unknown.message(),
      FormatTime((*json)["at"].Int().value_or(0)).substr(0, 10)));
  return policy;
}

// `model` becomes the one that answers.
CompanyPolicy FromGate(const CodePolicyQuestion& question, const Place& place,
                       const Clock& clock, std::string* model) {
  const std::string folder = question.state_folder + "/policy";
  const std::string kept = fmt::format(
      "{}/{:016x}.json", folder,
      Hash64(question.gate->url + "\n" + place.remote + "\n" + *model));
  auto decision = DecisionOf(*question.gate, model);
  if (!decision.ok()) return FromKept(kept, decision.error(), place, model);
  JsonWriter json;
  json.BeginObject().Field("v", 1).Field("at", clock.WallMicros());
  json.Field("model", *model);
  json.Field("forbidden_paths", decision->forbidden_paths);
  json.FieldIfSet("commit_trailer", decision->commit_trailer).EndObject();
  // The next time asks again: it is no loss that cannot be borne.
  if (MakeFolder(folder, 0700).ok()) {
    (void)WriteFileAtomically(kept, json.text(), 0600);
  }
  return Made(place, decision->forbidden_paths, decision->commit_trailer);
}

CompanyPolicy FromFile(const CodePolicyQuestion& question, const Place& place,
                       const Clock& clock) {
  CompanyPolicy policy;
  auto config = LoadConfigFor(question.call);
  if (!config.ok()) {
    policy.notices.push_back(
        "the configuration here cannot be read, so no policy is known and "
        "nothing is kept from being written: " +
        config.error().message());
    return policy;
  }
  if (LawFile(*config).empty()) return policy;
  auto law = LoadLaw(*config, nullptr);
  if (!law.ok()) {
    policy.notices.push_back(
        "the policy here cannot be read, so nothing is kept from "
        "being written: " +
        law.error().message());
    return policy;
  }
  policy::TermsClass terms = policy::TermsClass::kUnknown;
  const std::string contract =
      ContractOfEngine(question.call, question.engine_url);
  auto contracts = ContractsOf(*config);
  if (!contract.empty() && contracts.ok()) {
    auto found = (*contracts)->Find(contract);
    if (found.ok()) {
      terms =
          policy::ParseTermsClass(
              (*contracts)->TermsAt(**found, clock.WallMicros()).terms_class)
              .value_or(policy::TermsClass::kUnknown);
    }
  }
  policy.tools = agent::ToolPolicy(
      place.root, policy::ForbiddenTo((*law)->protections(), place.remote,
                                      terms, (*law)->trains_models()));
  policy.commit_trailer = (*law)->commit_trailer();
  return policy;
}

// The policy's trailer, else the user's own, filled in.
void ChooseTrailer(const CodePolicyQuestion& question, std::string_view model,
                   CompanyPolicy* policy) {
  std::string& trailer = policy->commit_trailer;
  if (trailer.empty()) {
    trailer = question.own_trailer;
  } else if (!question.own_trailer.empty() && question.own_trailer != trailer) {
    policy->notices.push_back(fmt::format(
        "commits carry \"{}\", as the policy asks; commit_trailer of code.toml "
        "is not used",
        trailer));
  }
  if (trailer.empty()) return;
  const std::string wrong = policy::WrongTrailer(trailer);
  if (wrong.empty()) {
    trailer = policy::FillTrailer(
        trailer, {.tool = kTool, .model = model, .session = question.session});
    return;
  }
  policy->notices.push_back(fmt::format(
      "commits get no trailer: the policy's \"{}\" {}", trailer, wrong));
  trailer.clear();
}

}  // namespace

agent::CompanyPolicy FindCodePolicy(const CodePolicyQuestion& question,
                                    const Clock& clock) {
  const Place place = PlaceOfWorkspace(question.workspace);
  std::string model = question.model;
  CompanyPolicy policy = question.gate != nullptr
                             ? FromGate(question, place, clock, &model)
                             : FromFile(question, place, clock);
  ChooseTrailer(question, model, &policy);
  return policy;
}

}  // namespace cofferdam::cli
