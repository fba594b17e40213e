#include <algorithm>
#include <utility>

#include "ledger/merge_internal.h"

namespace cofferdam::ledger {
namespace {

// Which route, usage and outcome to believe: the greater.
int Rank(Route route) {
  switch (route) {
    case Route::kGate:
      return 3;
    case Route::kAgent:
      return 2;
    case Route::kImport:
      return 1;
    case Route::kContext:
      return 0;
  }
  return 0;
}

int Rank(wire::UsageSource source) {
  switch (source) {
    case wire::UsageSource::kReported:
      return 2;
    case wire::UsageSource::kEstimated:
      return 1;
    case wire::UsageSource::kNone:
      return 0;
  }
  return 0;
}

int Rank(Outcome outcome) { return outcome == Outcome::kComplete ? 1 : 0; }

int Rank(IdentityGrade grade) {
  switch (grade) {
    case IdentityGrade::kAttested:
      return 4;
    case IdentityGrade::kSession:
      return 3;
    case IdentityGrade::kAgent:
      return 2;
    case IdentityGrade::kClaimed:
      return 1;
    case IdentityGrade::kNone:
      return 0;
  }
  return 0;
}

void Fill(const std::string& from, std::string* to) {
  if (to->empty()) *to = from;
}

void FillTime(int64_t from, int64_t* to) {
  if (*to == 0) *to = from;
}

void Unite(const std::vector<std::string>& from, std::vector<std::string>* to) {
  for (const std::string& value : from) {
    const auto place = std::lower_bound(to->begin(), to->end(), value);
    if (place == to->end() || *place != value) to->insert(place, value);
  }
}

void MergeOrigin(const Exchange& second, Exchange* first) {
  Origin& to = first->origin;
  const Origin& from = second.origin;
  if (first->route == Route::kContext && second.route != Route::kContext) {
    // A claim took all of it over from whoever sent the turn back.
    Origin claimed = std::exchange(to, from);
    for (auto member :
         {&Origin::person, &Origin::team, &Origin::repo, &Origin::purpose}) {
      Fill(claimed.*member, &(to.*member));
    }
    first->identity = second.identity;
    return;
  }
  if (Rank(second.identity) > Rank(first->identity)) {
    first->identity = second.identity;
    // Who, where and what for are one statement: not some from each.
    to.person = from.person;
    to.key = from.key;
    to.team = from.team;
    to.repo = from.repo;
    to.commit = from.commit;
    to.purpose = from.purpose;
  }
  for (auto member : {&Origin::provider, &Origin::upstream, &Origin::model,
                      &Origin::model_requested, &Origin::contract,
                      &Origin::tool, &Origin::tool_version}) {
    Fill(from.*member, &(to.*member));
  }
  if (second.identity == first->identity) {
    for (auto member : {&Origin::person, &Origin::key, &Origin::team,
                        &Origin::repo, &Origin::commit, &Origin::purpose}) {
      Fill(from.*member, &(to.*member));
    }
  }
  // As one, too: a class without the contract it came from says nothing.
  if (to.terms.terms_class.empty()) to.terms = from.terms;
}

}  // namespace

void MergeInto(const Exchange& second, Exchange* first) {
  MergeOrigin(second, first);
  if (Rank(second.usage_source) > Rank(first->usage_source)) {
    first->usage = second.usage;
    first->usage_source = second.usage_source;
  }
  if (Rank(second.outcome) > Rank(first->outcome)) {
    first->outcome = second.outcome;
    first->http_status = second.http_status;
    first->error_type = second.error_type;
    first->stop_reason = second.stop_reason;
    first->times.finished = second.times.finished;
  } else if (Rank(second.outcome) == Rank(first->outcome)) {
    Fill(second.error_type, &first->error_type);
    Fill(second.stop_reason, &first->stop_reason);
    if (first->http_status == 0) first->http_status = second.http_status;
    FillTime(second.times.finished, &first->times.finished);
  }
  if (Rank(second.route) > Rank(first->route)) {
    first->route = second.route;
    first->request_bytes = second.request_bytes;
    first->response_bytes = second.response_bytes;
    first->interventions = second.interventions;
  }
  Fill(second.provider_response_id, &first->provider_response_id);
  Fill(second.session, &first->session);
  Fill(second.parent, &first->parent);
  Fill(second.policy_rule, &first->policy_rule);
  Fill(second.grant, &first->grant);
  Fill(second.price_mode, &first->price_mode);
  if (first->held_micro_dollars == 0 && first->held_tokens == 0) {
    first->held_micro_dollars = second.held_micro_dollars;
    first->held_tokens = second.held_tokens;
  }
  if (first->turn == 0) first->turn = second.turn;
  FillTime(second.times.upstream_sent, &first->times.upstream_sent);
  FillTime(second.times.first_byte, &first->times.first_byte);
  Unite(second.context_origins, &first->context_origins);
  Unite(second.notes, &first->notes);
}

}  // namespace cofferdam::ledger
