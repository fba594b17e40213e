#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/ulid.h"
#include "wire/types.h"

namespace cofferdam::ledger {

// How an exchange came to the ledger.
enum class Route {
  kGate,     // forwarded by the gate
  kImport,   // read from an agent's transcript
  kAgent,    // made by the in-house agent
  kContext,  // an assistant turn found in another exchange's prompt
};
std::string_view RouteName(Route route);
std::optional<Route> ParseRoute(std::string_view name);

std::string_view OperationName(wire::Operation operation);
std::optional<wire::Operation> ParseOperation(std::string_view name);

// How sure we are of who caused the exchange; strongest first.
enum class IdentityGrade {
  kAttested,  // CI identity or managed device
  kSession,   // claimed once, then bound to a session key
  kAgent,     // what the tool itself says
  kClaimed,   // taken over from the exchange whose prompt held it
  kNone,
};
std::string_view IdentityGradeName(IdentityGrade grade);
std::optional<IdentityGrade> ParseIdentityGrade(std::string_view name);

// How the exchange ended.
enum class Outcome {
  kComplete,       // the whole answer was forwarded
  kClientGone,     // the client went away first
  kUpstreamError,  // the provider answered with an error, status or event
  kTruncated,      // the provider's answer stopped before its end
  kGateEnded,      // the gate ended it: stall, pause, kill, shutdown
  kUnreachable,    // the provider gave no answer at all
  kCrashed,        // this process died while it ran; what was held is charged
};
std::string_view OutcomeName(Outcome outcome);
std::optional<Outcome> ParseOutcome(std::string_view name);

// What the contract's terms said at the time of the exchange.
struct Terms {
  // "forbid_any" … "allow", "unknown": the strictest of the rows in force.
  std::string terms_class;
  // Which edition of the table of terms said so.
  std::string version;
  // Whom the contract names: provider, product and plan, or weights.
  std::string provider;
  std::string product;
  std::string plan;
  std::string weights;

  bool operator==(const Terms&) const = default;
};

// What `ledger purge` took out of the ledger.
enum class Purged {
  kNothing,
  kTexts,   // the texts of its parts
  kRecord,  // all but the members that ForgetRecord keeps
};
std::string_view PurgedName(Purged purged);
std::optional<Purged> ParsePurged(std::string_view name);

// Where an output comes from.
struct Origin {
  std::string provider;
  std::string upstream;  // its name in the configuration
  std::string model;     // that answered; "claimed:NAME" on route context
  std::string model_requested;
  std::string contract;
  Terms terms;
  std::string tool;
  std::string tool_version;
  std::string person;  // opaque id; never a name or an address
  std::string key;     // id of the engineer key, the parent of a session key
  std::string team;
  std::string repo;
  std::string commit;
  std::string purpose;

  bool operator==(const Origin&) const = default;
};

// Wall clock in microseconds since 1970-01-01 UTC; 0 = did not happen.
struct ExchangeTimes {
  int64_t received = 0;
  int64_t upstream_sent = 0;
  int64_t first_byte = 0;
  int64_t finished = 0;

  bool operator==(const ExchangeTimes&) const = default;
};

// What the record keeps of a wire::Part; its text is stored apart.
struct PartRecord {
  // Names are the model's; longer ones are cut.
  static constexpr size_t kNameBytesMax = 4096;

  wire::PartKind kind = wire::PartKind::kText;
  std::string tool;
  std::string call_id;
  std::string path;
  uint64_t bytes = 0;
  std::string digest;  // SHA-256 of the text, lower-case hexadecimal
  std::vector<wire::ByteRange> kept;
  // Of a file, edit or patch: lines that the model wrote, those it kept not
  // counted; a line without an end is one, too. None of any other kind, and in
  // records from before lines were counted.
  std::optional<uint64_t> lines;

  bool operator==(const PartRecord&) const = default;
};

// The record of one request and its response: one form for gate, imports and
// agent (docs/formats/ledger.md). Plain data, no text of prompt or output.
struct Exchange {
  // Given by the ledger, dense from 1; 0 = not yet.
  uint64_t sequence = 0;
  Ulid id;
  // The provider's own id of the answer ("msg_…", "resp_…"); may be empty.
  std::string provider_response_id;
  Route route = Route::kGate;
  wire::Operation operation = wire::Operation::kGenerate;
  // The agent's session and the agent or answer that this one continues, as
  // the tool names them; empty if unknown.
  std::string session;
  std::string parent;
  // Assistant turns that stood in the request.
  int64_t turn = 0;
  IdentityGrade identity = IdentityGrade::kNone;
  Origin origin;
  // What let it pass: "rule NAME", "terms", "grant ULID"; and the grant behind
  // an approval.
  std::string policy_rule;
  std::string grant;
  // Contracts of the exchanges whose outputs the prompt contained, sorted.
  // Known once the exchange is indexed.
  std::vector<std::string> context_origins;
  wire::Usage usage;
  wire::UsageSource usage_source = wire::UsageSource::kNone;
  // How the provider charges it where that differs: "fast", "priority",
  // "batch"; empty: as listed.
  std::string price_mode;
  // What was held on the budgets before it was sent; 0: nothing was.
  int64_t held_micro_dollars = 0;
  int64_t held_tokens = 0;
  Outcome outcome = Outcome::kComplete;
  int64_t http_status = 0;
  std::string error_type;
  std::string stop_reason;
  ExchangeTimes times;
  uint64_t request_bytes = 0;
  uint64_t response_bytes = 0;
  // Names of what the gate did to the body (DESIGN, invariant 1).
  std::vector<std::string> interventions;
  std::vector<PartRecord> parts;
  // Words of our own about the record, never text of prompt or output:
  // "prompt_unreadable", "parts_truncated".
  std::vector<std::string> notes;
  // Which merge changed the record last, by its number (Ledger::ScanMerges);
  // 0 = none did.
  uint64_t revision = 0;
  // Set on an exchange that holds only parts which arrived later for another
  // one (see Ledger::Append); it has no usage and is not counted.
  std::optional<Ulid> continues;
  // What is gone, and the audit row that says who asked for it and why.
  Purged purged = Purged::kNothing;
  std::string purge_audit;

  bool operator==(const Exchange&) const = default;
};

// JSON without white space, "v":1 first.
std::string ToJson(const Exchange& exchange);

// kCorrupt when `json` is not such a record, or of another version. Members
// that it does not know are passed over, missing ones take their defaults,
// but for v, sequence, id and route, which must be there.
Result<Exchange> FromJson(std::string_view json);

// What stays of a record that is purged: its place and ids, what it used of
// which model and contract, how and when it ended. Nobody is named in it, and
// nothing of what was said can be guessed from it.
Exchange ForgetRecord(const Exchange& exchange, std::string_view purge_audit);

// What the record says of `part`.
PartRecord MakePartRecord(const wire::Part& part);

}  // namespace cofferdam::ledger
