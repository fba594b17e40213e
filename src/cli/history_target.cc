#include "cli/history_target.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "base/encoding.h"
#include "base/hash.h"
#include "base/json.h"
#include "cli/context.h"
#include "cli/gate_client.h"
#include "console/history_intake.h"
#include "ledger/secrets.h"

namespace cofferdam::cli {
namespace {

using Records = std::vector<HistorySpool::Record>;

// One call's answers together; a longer one goes alone.
constexpr size_t kBatchBytes = size_t{4} << 20;
constexpr size_t kBatchRecords = 256;

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// {HEAD,"exchanges":[…]}
std::string BodyOf(const std::string& head, const Records& records) {
  std::string body = "{" + head + "\"exchanges\":[";
  for (size_t i = 0; i < records.size(); ++i) {
    if (i > 0) body += ",";
    body += records[i].json;
  }
  return body + "]}";
}

std::string Member(std::string_view name, std::string_view value) {
  std::string out;
  AppendJsonString(name, &out);
  out += ":";
  AppendJsonString(value, &out);
  return out + ",";
}

// $XDG_STATE_HOME/cofferdam/NAME, else ~/.local/state/cofferdam/NAME.
Result<std::string> StateFolder(std::string_view name) {
  const std::string state = Environment("XDG_STATE_HOME");
  if (state.starts_with('/')) {
    return fmt::format("{}/cofferdam/{}", state, name);
  }
  const std::string home = Environment("HOME");
  if (!home.empty()) {
    return fmt::format("{}/.local/state/cofferdam/{}", home, name);
  }
  return Error(Code::kInvalid,
               "neither XDG_STATE_HOME nor HOME says where records may wait");
}

std::string FolderNameOf(std::string_view url) {
  std::string bytes;
  AppendBigEndian64(Hash64(url), &bytes);
  return ToHex(AsBytes(bytes));
}

class AdminTarget : public HistoryTarget {
 public:
  AdminTarget(std::unique_ptr<console::Admin> admin, const Invocation& call,
              const std::string& agent, std::string state_folder)
      : admin_(std::move(admin)), state_folder_(std::move(state_folder)) {
    head_ = Member("agent", agent) + Member("reason", "import " + agent);
    for (const char* name : {"contract", "person"}) {
      const std::string value = call.Text(std::string("--") + name);
      if (!value.empty()) head_ += Member(name, value);
    }
  }

  Status Take(Records records) override {
    if (records.empty()) return {};
    TRY_ASSIGN(const std::string answer,
               admin_->Call("POST", "ledger/history", BodyOf(head_, records)));
    return AddUp(answer, records);
  }
  Status Finish() override { return admin_->Close(); }
  std::string name() const override { return "the ledger"; }
  std::string state_folder() const override { return state_folder_; }

 private:
  std::unique_ptr<console::Admin> admin_;
  std::string head_;
  const std::string state_folder_;
};

class GateTarget : public HistoryTarget {
 public:
  GateTarget(Login login, HistorySpool spool, const Invocation& call,
             std::string state_folder)
      : login_(std::move(login)),
        spool_(std::move(spool)),
        state_folder_(std::move(state_folder)) {
    const std::string contract = call.Text("--contract");
    if (!contract.empty()) head_ = Member("contract", contract);
  }

  Status Take(Records records) override {
    for (HistorySpool::Record& record : records) {
      if (record.json.size() <
          console::kHistoryBodyBytesMax - head_.size() - kBodyBytesExtra) {
        continue;
      }
      taken_.refused.emplace_back(record.from, "is too large to be sent");
      record.json.clear();
    }
    std::erase_if(records,
                  [](const auto& record) { return record.json.empty(); });
    if (records.empty()) return {};
    TRY(spool_.Append(records));
    // A gate that did not answer is asked once more, at the end.
    return reachable_ ? Drain() : Status();
  }

  Status Finish() override {
    TRY(Drain());
    TRY_ASSIGN(taken_.waiting, spool_.CountWaiting());
    return {};
  }
  std::string name() const override { return "the gate " + login_.url; }
  std::string state_folder() const override { return state_folder_; }

 private:
  static constexpr size_t kBodyBytesExtra = 64;

  // What a gate does not take now stays; errors are those of the disk.
  Status Drain() {
    std::optional<Error> unsent;
    Status drained = spool_.Drain(
        kBatchRecords, kBatchBytes, [&](const Records& records) -> Status {
          auto answer = SendHistories(login_, BodyOf(head_, records));
          if (!answer.ok()) {
            unsent = answer.error();
            return std::move(answer).error();
          }
          return AddUp(*answer, records);
        });
    reachable_ = !unsent;
    taken_.waiting_why = unsent ? unsent->message() : "";
    return unsent ? Status() : drained;
  }

  const Login login_;
  HistorySpool spool_;
  std::string head_;
  const std::string state_folder_;
  bool reachable_ = true;
};

Result<std::unique_ptr<HistoryTarget>> OpenGate(const Invocation& call,
                                                Login login) {
  TRY_ASSIGN(std::string folder,
             StateFolder("histories/" + FolderNameOf(login.url)));
  TRY_ASSIGN(HistorySpool spool, HistorySpool::Open(folder));
  return std::unique_ptr<HistoryTarget>(std::make_unique<GateTarget>(
      std::move(login), std::move(spool), call, std::move(folder)));
}

}  // namespace

Status HistoryTarget::AddUp(const std::string& answer, const Records& records) {
  TRY_ASSIGN(const JsonDocument json, JsonDocument::Parse(answer));
  const auto number = [&](std::string_view name) {
    return static_cast<uint64_t>(json[name].Int().value_or(0));
  };
  taken_.added += number("added");
  taken_.merged += number("merged");
  taken_.already += number("already");
  taken_.bytes += number("bytes");
  taken_.last_sequence = json["last_sequence"].Int().value_or(0);
  for (const JsonValue& bad : json["bad"].Elements()) {
    const auto row = static_cast<size_t>(bad["row"].Int().value_or(-1));
    if (row >= records.size()) continue;
    taken_.refused.emplace_back(records[row].from,
                                bad["message"].StringOrEmpty());
  }
  return {};
}

Result<bool> HistoryTarget::HasStores(const Invocation& call) {
  for (const char* flag : {"--admin", "--data", "--config", "--person"}) {
    if (call.Has(flag)) return true;
  }
  for (const char* name :
       {"COFFERDAM_ADMIN", "COFFERDAM_DATA", "COFFERDAM_CONFIG"}) {
    if (!Environment(name).empty()) return true;
  }
  TRY_ASSIGN(const Config config, LoadConfigFor(call));
  std::error_code error;
  return std::filesystem::exists(config.data_folder + "/policy.sqlite", error);
}

Result<std::unique_ptr<HistoryTarget>> HistoryTarget::Open(
    const Invocation& call, const std::string& agent) {
  TRY_ASSIGN(const bool has_stores, HasStores(call));
  if (call.Has("--gate") || !has_stores) {
    auto login = ReadLogin();
    if (login.ok()) return OpenGate(call, *std::move(login));
    // Others make the stores that they do not find.
    if (call.Has("--gate") || login.error().code() != Code::kNotFound) {
      return std::move(login).error();
    }
  }
  std::string folder;
  const std::string url = AdminAddress(call);
  if (!url.empty()) {
    TRY_ASSIGN(folder, StateFolder("histories/" + FolderNameOf(url)));
  } else {
    TRY_ASSIGN(const Config config, LoadConfigFor(call));
    folder = config.data_folder + "/histories";
  }
  TRY_ASSIGN(auto admin, OpenAdmin(call));
  return std::unique_ptr<HistoryTarget>(std::make_unique<AdminTarget>(
      std::move(admin), call, agent, std::move(folder)));
}

}  // namespace cofferdam::cli
