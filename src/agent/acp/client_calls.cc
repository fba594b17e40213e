#include "agent/acp/client_calls.h"

#include <utility>
#include <vector>

namespace cofferdam::agent {

ClientCalls::Answer ClientCalls::Call(const std::string& group,
                                      std::string_view method,
                                      std::string_view params,
                                      const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  if (closed_ || stop.stop_requested()) return {};
  const std::string id = std::to_string(++last_id_);
  Pending& pending = pending_[id];
  pending.group = group;
  lock.unlock();
  outbox_.Send(RpcRequestLine(id, method, params));
  lock.lock();
  answered_.wait(lock, [&] { return pending.answered; });
  Answer answer = std::move(pending.answer);
  pending_.erase(id);
  return answer;
}

void ClientCalls::OnResponse(const RpcResponse& response) {
  const bool failed = response.error.present();
  const JsonValue& value = failed ? response.error : response.result;
  const std::lock_guard lock(mutex_);
  const auto found = pending_.find(response.id);
  if (found == pending_.end() || found->second.answered) return;
  found->second.answered = true;
  found->second.answer = {failed ? Answer::Kind::kError : Answer::Kind::kResult,
                          std::move(JsonWriter().Value(value)).Take()};
  answered_.notify_all();
}

void ClientCalls::Cancel(const std::string& group, Tell tell) {
  std::vector<std::string> unwanted;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, pending] : pending_)
      if (pending.group == group && !pending.answered) unwanted.push_back(id);
  }
  // Before the one who waits goes on, and perhaps answers for the turn.
  for (const std::string& id : unwanted) {
    if (tell == Tell::kNobody) break;
    outbox_.Answer(
        RpcNotificationLine("$/cancel_request", "{\"requestId\":" + id + "}"));
  }
  const std::lock_guard lock(mutex_);
  for (const std::string& id : unwanted) {
    const auto found = pending_.find(id);
    if (found != pending_.end()) found->second.answered = true;
  }
  answered_.notify_all();
}

void ClientCalls::CancelAll() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  for (auto& [id, pending] : pending_) pending.answered = true;
  answered_.notify_all();
}

}  // namespace cofferdam::agent
