#include "agent/session/recorder.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "corpus/repository.h"
#include "wire/tools.h"

namespace cofferdam::agent {
namespace {

using ledger::HistoryExchange;
using wire::Part;
using wire::PartKind;

std::string_view StopReason(Finish finish) {
  switch (finish) {
    case Finish::kStop:
      return "stop";
    case Finish::kToolCalls:
      return "tool_calls";
    case Finish::kLength:
      return "length";
    case Finish::kFiltered:
      return "content_filter";
    case Finish::kUnknown:
      break;
  }
  return "";
}

void AddWords(PartKind kind, const std::string& text,
              std::vector<Part>* parts) {
  if (!text.empty()) parts->push_back({.kind = kind, .text = text});
}

void AddCalls(const AnswerRecord& record, std::vector<Part>* parts) {
  const auto add = [&](const std::string& name, const std::string& id,
                       const std::string& arguments) {
    for (Part& part : wire::PartsOfJsonText(name, id, arguments)) {
      parts->push_back(std::move(part));
    }
  };
  for (const ToolCall& call : record.calls) {
    add(call.name, call.id, call.arguments);
  }
  if (!record.calls.empty()) return;
  for (const RawCall& call : record.answer.calls) {
    add(call.name, call.id, call.arguments);
  }
}

// The text of a file that a command wrote; lines that stood there are not its.
Part PartOf(const FileChange& change, std::string_view tool,
            std::string_view call_id, const std::string& workspace) {
  Part part{.kind = change.before ? PartKind::kEdit : PartKind::kFile,
            .tool = std::string(tool),
            .call_id = std::string(call_id),
            .path = change.path,
            .text = change.after.value_or("")};
  if (part.path.starts_with(workspace + "/")) {
    part.path.erase(0, workspace.size() + 1);
  }
  if (change.before) {
    part.kept = wire::KeptLines(*change.before, part.text);
  }
  return part;
}

}  // namespace

Recorder::Recorder(RecorderOptions options, const Clock& clock)
    : options_(std::move(options)), clock_(clock) {}

Status Recorder::Append(std::string line, RecordFile& file) {
  TRY(file.Append(std::move(line)));
  has_news_ = true;
  return {};
}

void Recorder::FindRepository() {
  if (std::exchange(knows_repository_, true)) return;
  const auto repository =
      corpus::RepositoryAt(options_.workspace, corpus::Compare::kSkip);
  if (!repository) return;
  repo_ = repository->remote;
  commit_ = repository->head_commit;
}

HistoryExchange Recorder::Origin(const AnswerRecord& record) const {
  const EngineAnswer& answer = record.answer;
  HistoryExchange exchange;
  exchange.agent = ledger::HistoryAgent::kCofferdamCode;
  exchange.provider_response_id = answer.response_id;
  exchange.exchange = answer.exchange;
  exchange.id = fmt::format("{:x}-{}", clock_.WallMicros(), answers_);
  exchange.session = options_.session;
  exchange.provider = options_.provider;
  exchange.model = answer.model.empty() ? record.model : answer.model;
  exchange.tool_version = options_.tool_version;
  exchange.turn = answers_;
  exchange.time_micros = clock_.WallMicros();
  exchange.cwd = options_.workspace;
  exchange.repo = repo_;
  exchange.commit = commit_;
  return exchange;
}

Status Recorder::RecordGiven(std::span<const Message> history,
                             RecordFile& file) {
  // What was given in a file that is gone is not known any more.
  if (file.is_new()) given_upto_ = 0;
  // Compacted or rewound: what comes now is new again, or was given before.
  given_upto_ = std::min(given_upto_, history.size());
  JsonWriter json;
  json.BeginObject().Field("v", 1).Key("given_texts").BeginArray();
  bool any = false;
  for (const Message& message : history.subspan(given_upto_)) {
    if (message.role == Message::Role::kAssistant || message.text.empty()) {
      continue;
    }
    any = true;
    json.String(message.text);
  }
  given_upto_ = history.size();
  json.EndArray().EndObject();
  return any ? Append(json.text(), file) : Status();
}

Status Recorder::Answered(const AnswerRecord& record) {
  FindRepository();
  TRY_ASSIGN(RecordFile file, RecordFile::Open(options_.path));
  TRY(RecordGiven(record.history, file));
  HistoryExchange exchange = Origin(record);
  ++answers_;
  last_ = exchange;
  if (!exchange.exchange.empty()) {
    // The gate has read the answer. Calls that were printed as text it has as
    // text only.
    if (!record.answer.calls.empty() || record.calls.empty()) return {};
    exchange.later = true;
    AddCalls(record, &exchange.parts);
  } else {
    exchange.usage = record.answer.usage;
    exchange.usage_source = record.answer.usage_source;
    exchange.stop_reason = StopReason(record.answer.finish);
    exchange.outcome = record.outcome;
    AddWords(PartKind::kThinking, record.answer.thinking, &exchange.parts);
    AddWords(PartKind::kText, record.answer.text, &exchange.parts);
    AddCalls(record, &exchange.parts);
  }
  ledger::BoundHistoryExchange(&exchange);
  return Append(ledger::ToJson(exchange), file);
}

Status Recorder::Made(std::string_view tool, std::string_view call_id,
                      std::span<const FileChange> changes) {
  HistoryExchange exchange = last_;
  exchange.later = true;
  JsonWriter given;
  given.BeginObject().Field("v", 1).Key("given_texts").BeginArray();
  for (const FileChange& change : changes) {
    // What stood in any of them may have been moved to another.
    if (change.before) given.String(*change.before);
    if (change.after) {
      exchange.parts.push_back(
          PartOf(change, tool, call_id, options_.workspace));
    }
  }
  given.EndArray().EndObject();
  ledger::BoundHistoryExchange(&exchange);
  if (exchange.parts.empty()) return {};
  TRY_ASSIGN(RecordFile file, RecordFile::Open(options_.path));
  TRY(Append(given.text(), file));
  return Append(ledger::ToJson(exchange), file);
}

}  // namespace cofferdam::agent
