#include "console/history_intake.h"

#include <fmt/format.h>

#include <set>
#include <utility>
#include <vector>

#include "ledger/history/history.h"
#include "policy/names.h"

namespace cofferdam::console {
namespace {

// What may wait for the indexer when a call begins.
constexpr uint64_t kPendingBytesMax = uint64_t{64} << 20;
constexpr uint64_t kPendingExchangesMax = 16'384;
constexpr int64_t kFlushTimeoutMs = 600'000;
// Contracts that a message names.
constexpr size_t kNamesShown = 10;

using ledger::ExchangeDraft;
using ledger::HistoryAgent;
using ledger::HistoryExchange;

// What was given, as a request that the indexer reads.
std::string PromptOf(const std::vector<std::string>& given) {
  if (given.empty()) return "";
  JsonWriter body;
  body.BeginObject().Key("messages").BeginArray();
  for (const std::string& text : given) {
    body.BeginObject().Field("role", "user").Field("content", text).EndObject();
  }
  body.EndArray().EndObject();
  return std::move(body).Take();
}

// One call's answers, taken in their order.
class Intake {
 public:
  Intake(Stores& stores, const HistoryBearer& bearer, std::string_view contract)
      : stores_(stores),
        bearer_(bearer),
        contract_(contract),
        contracts_(stores.contracts()),
        now_micros_(stores.clock().WallMicros()) {}

  Status MakeRoom() {
    const ledger::LedgerStats stats = stores_.ledger().Stats();
    if (stats.pending_bytes <= kPendingBytesMax &&
        stats.pending_exchanges <= kPendingExchangesMax) {
      return {};
    }
    if (bearer_.when_behind == HistoryBearer::WhenBehind::kRefuse) {
      return Error(Code::kUnavailable,
                   "the index is behind; send it again later");
    }
    return stores_.indexer().Flush(stats.last_sequence, kFlushTimeoutMs);
  }

  Status Take(size_t row, const JsonValue& json) {
    auto read = ledger::HistoryFromJson(json);
    if (!read.ok()) {
      NoteBad(row, read.error().message());
      return {};
    }
    auto receipt = Append(*std::move(read));
    if (receipt.ok()) return Count(*receipt);
    const Code code = receipt.error().code();
    // The answer's own fault, not the store's.
    if (code == Code::kInvalid || code == Code::kNotFound ||
        code == Code::kTooLarge || code == Code::kConflict) {
      NoteBad(row, receipt.error().message());
      return {};
    }
    return std::move(receipt).error();
  }

  std::string Answer() const {
    JsonWriter json;
    json.BeginObject()
        .Field("added", added_)
        .Field("merged", merged_)
        .Field("already", already_)
        .Field("bytes", bytes_)
        .Field("last_sequence", stores_.ledger().last_sequence())
        .Key("bad")
        .BeginArray();
    for (const auto& [row, message] : bad_) {
      json.BeginObject()
          .Field("row", uint64_t{row})
          .Field("message", message)
          .EndObject();
    }
    json.EndArray().EndObject();
    return std::move(json).Take();
  }

 private:
  Result<ledger::AppendReceipt> Append(HistoryExchange exchange) {
    bytes_of_last_ = 0;
    for (const wire::Part& part : exchange.parts) {
      bytes_of_last_ += part.text.size();
    }
    auto contract = FindContract(exchange.provider);
    std::string provider = exchange.provider;
    if (contract.ok() && !(*contract)->provider.empty()) {
      provider = (*contract)->provider;
    }
    // What the ledger has already needs no contract.
    for (const std::string& known : Providers(provider)) {
      ExchangeDraft draft = MakeDraft(exchange, known, nullptr);
      draft.arrival = ExchangeDraft::Arrival::kAgain;
      auto receipt = stores_.ledger().AppendSync(std::move(draft));
      if (receipt.ok() || receipt.error().code() != Code::kNotFound) {
        return receipt;
      }
    }
    // Nobody said what may be done with answers of an engine that somebody just
    // started; they are kept, and count as such.
    if (!contract.ok() && exchange.agent == HistoryAgent::kCofferdamCode &&
        contract_.empty()) {
      return stores_.ledger().AppendSync(
          MakeDraft(std::move(exchange), provider, nullptr));
    }
    if (!contract.ok()) return std::move(contract).error();
    return stores_.ledger().AppendSync(
        MakeDraft(std::move(exchange), provider, *contract));
  }

  // The one that was named, else the only one with the provider.
  Result<const policy::Contract*> FindContract(
      const std::string& provider) const {
    std::vector<const policy::Contract*> fitting;
    for (const policy::Contract& contract : contracts_->contracts) {
      if (contract.provider == provider || contract.name == provider) {
        fitting.push_back(&contract);
      }
    }
    if (!contract_.empty()) {
      TRY_ASSIGN(const policy::Contract* named, contracts_->Find(contract_));
      const bool own = fitting.empty() || named->provider == provider ||
                       named->name == provider;
      if (!own && bearer_.may == HistoryBearer::May::kNameOwnProviders) {
        return Error(
            Code::kInvalid,
            fmt::format("contract \"{}\" is not with {}", contract_, provider));
      }
      return named;
    }
    if (fitting.size() == 1 && !provider.empty()) return fitting.front();
    if (fitting.empty() || provider.empty()) {
      return Error(Code::kNotFound,
                   fmt::format("provider \"{}\": no contract of the "
                               "configuration is with it; say which it was "
                               "with --contract",
                               provider));
    }
    std::string names;
    for (size_t i = 0; i < fitting.size() && i < kNamesShown; ++i) {
      names += (i == 0 ? "" : ", ") + fitting[i]->name;
    }
    return Error(Code::kNotFound,
                 fmt::format("provider \"{}\": several contracts are with it "
                             "({}); say which it was with --contract",
                             provider, names));
  }

  // Under which the ledger may have it, the likeliest first: the agent's word
  // for a provider is often a name from its user's settings, and a gate may
  // know a cloud where the agent knows the model's maker.
  std::vector<std::string> Providers(const std::string& said) {
    if (providers_.empty()) {
      for (const policy::Contract& contract : contracts_->contracts) {
        providers_.insert(contract.provider);
      }
      for (const auto& model : stores_.ledger().Stats().models) {
        providers_.insert(model.provider);
      }
      providers_.erase("");
    }
    std::vector<std::string> all;
    if (!said.empty()) all.push_back(said);
    for (const std::string& provider : providers_) {
      if (provider != said) all.push_back(provider);
    }
    return all;
  }

  ExchangeDraft MakeDraft(HistoryExchange from, const std::string& provider,
                          const policy::Contract* contract) {
    ExchangeDraft draft;
    ledger::Exchange& to = draft.exchange;
    to.id = stores_.ids().Next();
    const bool ours = from.agent == HistoryAgent::kCofferdamCode;
    to.route = ours ? ledger::Route::kAgent : ledger::Route::kImport;
    if (from.later) {
      to.continues = Ulid::Parse(from.exchange).value_or(Ulid{});
    }
    to.identity = ledger::IdentityGrade::kAgent;
    to.provider_response_id = std::move(from.provider_response_id);
    to.session = std::move(from.session);
    // Its words alone tell it from others.
    if (to.session.empty()) to.session = ledger::HistoryAgentName(from.agent);
    to.turn = from.turn;
    to.times.received = from.time_micros;
    to.times.finished = from.time_micros != 0 ? from.time_micros : now_micros_;
    FillOrigin(from, provider, contract, to.times.finished, &to.origin);
    to.usage = from.usage;
    to.usage_source = from.usage_source;
    to.price_mode = std::move(from.price_mode);
    to.stop_reason = std::move(from.stop_reason);
    to.outcome = from.outcome;
    if (from.cut) to.notes.push_back("parts_truncated");
    draft.parts = std::move(from.parts);
    draft.pending_prompt = PromptOf(from.given);
    draft.protocol = wire::Protocol::kOpenAiChat;
    draft.history_id = std::move(from.id);
    return draft;
  }

  void FillOrigin(const HistoryExchange& from, const std::string& provider,
                  const policy::Contract* contract, int64_t micros,
                  ledger::Origin* to) const {
    to->provider = provider;
    to->model = from.model;
    to->model_requested = from.model;
    if (contract != nullptr) {
      to->contract = contract->name;
      to->terms = contracts_->TermsAt(*contract, micros);
    } else {
      to->terms.terms_class = "unknown";
    }
    to->tool = ledger::HistoryTool(from.agent);
    to->tool_version = from.tool_version;
    to->person = bearer_.person;
    to->team = bearer_.team;
    to->key = bearer_.key;
    auto repo = policy::NormaliseRepo(from.repo);
    if (repo.ok()) to->repo = *std::move(repo);
    if (policy::CheckCommit(from.commit).ok()) to->commit = from.commit;
  }

  Status Count(const ledger::AppendReceipt& receipt) {
    if (!receipt.merged) {
      ++added_;
      bytes_ += bytes_of_last_;
      return {};
    }
    TRY_ASSIGN(const ledger::Exchange record,
               stores_.ledger().GetBySequence(receipt.sequence));
    ++(record.route == ledger::Route::kGate ||
               record.route == ledger::Route::kContext
           ? merged_
           : already_);
    return {};
  }

  void NoteBad(size_t row, std::string message) {
    bad_.emplace_back(row, std::move(message));
  }

  Stores& stores_;
  const HistoryBearer& bearer_;
  const std::string contract_;
  const std::shared_ptr<const Contracts> contracts_;
  const int64_t now_micros_;
  std::set<std::string> providers_;

  uint64_t added_ = 0;
  uint64_t merged_ = 0;
  uint64_t already_ = 0;
  uint64_t bytes_ = 0;
  uint64_t bytes_of_last_ = 0;
  std::vector<std::pair<size_t, std::string>> bad_;
};

}  // namespace

Result<std::string> TakeHistories(Stores& stores, const HistoryBearer& bearer,
                                  const JsonDocument& body) {
  const JsonValue contract = body["contract"];
  if (contract.present() && !contract.is_string()) {
    return Error(Code::kInvalid, "contract: must be a string");
  }
  if (!body["exchanges"].is_array()) {
    return Error(Code::kInvalid, "exchanges: must be an array");
  }
  const std::vector<JsonValue> rows = body["exchanges"].Elements();
  if (rows.size() > kHistoryRowsMax) {
    return Error(Code::kTooLarge,
                 fmt::format("exchanges: {}, at most {} in one call",
                             rows.size(), kHistoryRowsMax));
  }
  Intake intake(stores, bearer, contract.StringOrEmpty());
  TRY(intake.MakeRoom());
  for (size_t i = 0; i < rows.size(); ++i) TRY(intake.Take(i, rows[i]));
  return intake.Answer();
}

}  // namespace cofferdam::console
