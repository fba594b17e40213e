#include "agent/acp/fake_conversations_testing.h"

#include <condition_variable>
#include <utility>

namespace cofferdam::agent {

TurnResult FakeConversation::WaitForInterrupt() {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait(lock, stop_, [] { return false; });
  TurnResult result;
  result.end = TurnEnd::kInterrupted;
  return result;
}

bool FakeConversation::interrupted() { return stop_.stop_requested(); }

TurnResult FakeConversation::Prompt(const std::string& text,
                                    const TurnLimits& limits,
                                    Observer& observer, std::stop_token stop) {
  stop_ = std::move(stop);
  return turn_(*this, text, limits, observer);
}

Mode FakeConversation::mode() const {
  const std::lock_guard lock(mutex_);
  return mode_;
}

void FakeConversation::set_mode(Mode mode) {
  const std::lock_guard lock(mutex_);
  mode_ = mode;
}

Status FakeConversation::set_model(const std::string& model) {
  if (model == "model-bad") return Error(Code::kInvalid, "no such model");
  model_ = model;
  return {};
}

Status FakeConversation::Compact(std::string_view focus, Observer& observer,
                                 std::stop_token) {
  if (focus == "nothing") return Error(Code::kInvalid, "nothing to compact");
  observer.OnNotice("compacted " + std::string(focus));
  return {};
}

Result<std::unique_ptr<Conversation>> FakeConversations::Open(
    const ConversationRequest& request) {
  if (request.workspace == "/missing")
    return Error(Code::kNotFound, "open /missing: there is no such folder");
  std::string id = request.session_id;
  std::vector<Message> history;
  if (id.empty()) {
    id = "session-" + std::to_string(++opened_);
  } else if (const auto found = stored.find(id); found != stored.end()) {
    history = found->second;
    if (request.fork) id = "session-" + std::to_string(++opened_);
  } else {
    return Error(Code::kNotFound, "there is no session " + id);
  }
  auto conversation =
      std::make_unique<FakeConversation>(id, std::move(history), turn);
  if (request.mode) conversation->set_mode(*request.mode);
  if (!request.model.empty()) (void)conversation->set_model(request.model);
  conversation->plan_ = plan;
  conversation->meter_ = meter;
  conversation->models_ = models;
  return std::unique_ptr<Conversation>(std::move(conversation));
}

Status FakeConversations::Delete(const std::string& id) {
  if (id == "held") return Error(Code::kConflict, "held is open elsewhere");
  deleted.push_back(id);
  return {};
}

Result<std::vector<SessionSummary>> FakeConversations::List(
    const std::string& workspace) const {
  std::vector<SessionSummary> listed;
  for (const SessionSummary& one : summaries)
    if (workspace.empty() || one.workspace == workspace) listed.push_back(one);
  return listed;
}

ShownCall FakeEditCall() {
  ShownCall call;
  call.id = "call-1";
  call.name = "edit";
  call.arguments = R"({"path":"a.cc"})";
  call.intent.kind = ToolKind::kEdit;
  call.intent.title = "Edit a.cc";
  call.intent.locations = {{"/repo/a.cc", 3}};
  call.intent.preview = {{"/repo/a.cc", "old\n", "new\n"}};
  return call;
}

ShownCall FakeCommandCall() {
  ShownCall call;
  call.id = "call-2";
  call.name = "bash";
  call.arguments = R"({"command":"make"})";
  call.intent.kind = ToolKind::kExecute;
  call.intent.title = "make";
  return call;
}

}  // namespace cofferdam::agent
