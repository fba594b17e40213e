#include "ledger/records_testing.h"

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>

#include "base/check.h"
#include "base/encoding.h"

namespace cofferdam::ledger {

TestFolder::TestFolder() {
  // In memory where that can be had: a store makes its files with many syncs.
  std::error_code ignored;
  const std::filesystem::path memory = "/dev/shm";
  const bool fast = std::filesystem::is_directory(memory, ignored) &&
                    access(memory.c_str(), W_OK) == 0;
  std::string name = ((fast ? memory : std::filesystem::temp_directory_path()) /
                      "ledger_XXXXXX")
                         .string();
  CHECK(mkdtemp(name.data()) != nullptr);
  path_ = name;
}

TestFolder::~TestFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TestFolder::In(std::string_view name) const {
  return path_ + "/" + std::string(name);
}

Ulid TestId(uint64_t number) {
  std::string bytes;
  AppendBigEndian64(0x0199'0000'0000'0000 + number, &bytes);
  AppendBigEndian64(number, &bytes);
  Ulid id;
  std::copy(bytes.begin(), bytes.end(), id.bytes.begin());
  return id;
}

Exchange FullExchange() {
  Exchange exchange;
  exchange.sequence = 41;
  exchange.id = TestId(7);
  exchange.provider_response_id = "msg_0123";
  exchange.route = Route::kImport;
  exchange.operation = wire::Operation::kCountTokens;
  exchange.session = "session-1";
  exchange.parent = "agent-0";
  exchange.turn = 3;
  exchange.identity = IdentityGrade::kSession;
  Origin& origin = exchange.origin;
  origin.provider = "anthropic";
  origin.upstream = "anthropic-eu";
  origin.model = "claude-x-1";
  origin.model_requested = "claude-x";
  origin.contract = "commercial";
  origin.terms = {"forbid_compete", "2026-11-01", "anthropic", "api",
                  "commercial",     "none/such"};
  origin.tool = "claude-code";
  origin.tool_version = "2.1.0";
  origin.person = "p_1";
  origin.team = "applied-ai";
  origin.repo = "example.com/lab/model";
  origin.commit = "0f0f";
  origin.purpose = "product";
  exchange.policy_rule = "rule.2";
  exchange.context_origins = {"commercial", "inhouse"};
  exchange.usage = {1, 2, 3, 4, 5, 6};
  exchange.usage_source = wire::UsageSource::kEstimated;
  exchange.outcome = Outcome::kClientGone;
  exchange.http_status = 200;
  exchange.error_type = "overloaded_error";
  exchange.stop_reason = "end_turn";
  exchange.times = {11, 12, 13, 14};
  exchange.request_bytes = 1000;
  exchange.response_bytes = 2000;
  exchange.interventions = {"keepalive"};
  wire::Part part = FilePart("src/a \"b\".py", "one\ntwo\n");
  part.kept = {{0, 4}};
  exchange.parts = {MakePartRecord(part), MakePartRecord(TextPart("Done."))};
  exchange.notes = {"parts_truncated"};
  exchange.continues = TestId(6);
  return exchange;
}

ExchangeDraft TestDraft(uint64_t number, std::string_view text) {
  ExchangeDraft draft;
  draft.exchange.id = TestId(number);
  draft.exchange.provider_response_id = "msg_" + std::to_string(number);
  draft.exchange.session = "session-1";
  draft.exchange.origin.provider = "anthropic";
  draft.exchange.origin.model = "claude-x-1";
  draft.exchange.origin.contract = "commercial";
  draft.exchange.usage = {10, 0, 0, 0, 5, 0};
  draft.exchange.usage_source = wire::UsageSource::kReported;
  draft.exchange.http_status = 200;
  draft.exchange.times = {1000, 1001, 1002, 1003};
  draft.parts = {TextPart(text)};
  return draft;
}

wire::Part FilePart(std::string_view path, std::string_view text) {
  wire::Part part;
  part.kind = wire::PartKind::kFile;
  part.tool = "Write";
  part.call_id = "toolu_1";
  part.path = path;
  part.text = text;
  return part;
}

wire::Part TextPart(std::string_view text) {
  wire::Part part;
  part.text = text;
  return part;
}

const Logger& QuietLogger() {
  static const Logger logger(LogLevel::kError, [](std::string_view) {});
  return logger;
}

}  // namespace cofferdam::ledger
