#include "agent/acp/acp_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/acp/replay.h"
#include "base/thread_name.h"

namespace cofferdam::agent {

AcpSession::AcpSession(AcpConnection& connection, AcpClient client,
                       Opening opening, Events events)
    : connection_(connection),
      client_(client),
      opening_(std::move(opening)),
      events_(std::move(events)),
      workspace_(opening_.request.workspace),
      thread_([this] { Run(); }) {}

AcpSession::~AcpSession() {
  End();
  thread_.join();
}

void AcpSession::Run() {
  SetThreadName("acp-session");
  if (Open()) {
    while (true) {
      std::unique_lock lock(mutex_);
      ready_.wait(lock, [&] { return !jobs_.empty(); });
      Job job = std::move(jobs_.front());
      jobs_.pop_front();
      if (job.kind == Job::Kind::kPrompt) {
        running_ = job.rpc_id;
        stop_ = std::stop_source();
      }
      lock.unlock();
      if (!Do(job)) break;
    }
  }
  conversation_.reset();
  events_.on_end(*this);
}

bool AcpSession::Open() {
  Result<std::unique_ptr<Conversation>> opened = [&] {
    const std::lock_guard lock(connection_.conversations_mutex);
    return connection_.conversations.Open(opening_.request);
  }();
  if (!opened.ok()) {
    Fail(opening_.rpc_id, RpcErrorOf(opened.error()));
    return false;
  }
  conversation_ = *std::move(opened);
  voice_ = std::make_unique<AcpVoice>(connection_.outbox, client_,
                                      conversation_->session_id());
  {
    const std::lock_guard lock(mutex_);
    mode_ = conversation_->mode();
    model_ = conversation_->model();
  }
  titled_ = !conversation_->history().empty();
  if (!events_.on_open(*this)) {
    Fail(opening_.rpc_id, {RpcError::Code::kInvalidRequest,
                           fmt::format("session {} is open already", id())});
    return false;
  }
  AnswerOpened(opening_.rpc_id, opening_.birth);
  for (const std::string& notice : opening_.notices)
    voice_->Notice(AcpSeverity::kWarning, notice);
  FindModels();
  return true;
}

void AcpSession::FindModels() {
  std::vector<std::string> models = conversation_->Models(end_.get_token());
  {
    const std::lock_guard lock(mutex_);
    std::erase(models, model_);
    if (models.empty()) return;
    models.insert(models.begin(), model_);
    models_ = std::move(models);
  }
  voice_->Update(ConfigOptionsUpdate(choices()));
}

void AcpSession::AnswerOpened(const std::string& rpc_id, Birth birth) {
  if (birth == Birth::kLoaded) {
    ReplayConversation(
        conversation_->history(), conversation_->plan(),
        {connection_.options.limits.diff_bytes_max, false, workspace_},
        *voice_);
  }
  JsonWriter json;
  json.BeginObject();
  if (birth == Birth::kNew || birth == Birth::kForked)
    json.Field("sessionId", id());
  const AcpChoices choices = this->choices();
  WriteModes(choices, &json);
  WriteConfigOptions(choices, &json);
  json.EndObject();
  Answer(rpc_id, json.text());
  voice_->Update(CommandsUpdate());
  voice_->Update(UsageUpdate(conversation_->meter()));
}

bool AcpSession::Do(Job& job) {
  switch (job.kind) {
    case Job::Kind::kPrompt:
      DoPrompt(job);
      return true;
    case Job::Kind::kModel:
      DoModel(job);
      return true;
    case Job::Kind::kLoad:
      AnswerOpened(job.rpc_id, Birth::kLoaded);
      return true;
    case Job::Kind::kResume:
      AnswerOpened(job.rpc_id, Birth::kResumed);
      return true;
    case Job::Kind::kClose:
      // Its file is whole before the client hears of it.
      conversation_.reset();
      Answer(job.rpc_id, "{}");
      return false;
    case Job::Kind::kDelete:
      DoDelete(job);
      return false;
    case Job::Kind::kEnd:
      return false;
  }
  return false;
}

void AcpSession::DoDelete(const Job& job) {
  conversation_.reset();
  const Status deleted = [&] {
    const std::lock_guard lock(connection_.conversations_mutex);
    return connection_.conversations.Delete(id());
  }();
  if (deleted.ok())
    Answer(job.rpc_id, "{}");
  else
    Fail(job.rpc_id, RpcErrorOf(deleted.error()));
}

void AcpSession::DoModel(const Job& job) {
  if (const auto set = conversation_->set_model(job.text); !set.ok()) {
    Fail(job.rpc_id, RpcErrorOf(set.error()));
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    model_ = conversation_->model();
  }
  JsonWriter json;
  json.BeginObject();
  WriteConfigOptions(choices(), &json);
  json.EndObject();
  Answer(job.rpc_id, json.text());
}

void AcpSession::Enqueue(Job job) {
  const size_t waiting_max = connection_.options.limits.requests_waiting_max;
  {
    const std::lock_guard lock(mutex_);
    if (!ending_ && jobs_.size() < waiting_max) {
      jobs_.push_back(std::move(job));
      ready_.notify_one();
      return;
    }
    if (ending_) {
      Fail(job.rpc_id,
           {RpcError::Code::kNotFound, "the session has been closed"});
      return;
    }
  }
  Fail(job.rpc_id,
       {RpcError::Code::kInternal,
        fmt::format("{} requests wait for this session already", waiting_max)});
}

void AcpSession::Prompt(const std::string& rpc_id, std::string text) {
  Enqueue({Job::Kind::kPrompt, rpc_id, std::move(text)});
}

void AcpSession::SetModel(const std::string& rpc_id, std::string model) {
  Enqueue({Job::Kind::kModel, rpc_id, std::move(model)});
}

void AcpSession::Load(const std::string& rpc_id) {
  Enqueue({Job::Kind::kLoad, rpc_id, {}});
}

void AcpSession::Resume(const std::string& rpc_id) {
  Enqueue({Job::Kind::kResume, rpc_id, {}});
}

std::vector<AcpSession::Job> AcpSession::StopLocked() {
  std::vector<Job> prompts;
  std::deque<Job> others;
  for (Job& job : jobs_) {
    if (job.kind == Job::Kind::kPrompt)
      prompts.push_back(std::move(job));
    else
      others.push_back(std::move(job));
  }
  jobs_.swap(others);
  if (!running_.empty()) stop_.request_stop();
  return prompts;
}

void AcpSession::AnswerCancelled(const std::vector<Job>& prompts) {
  for (const Job& job : prompts) AnswerStopped(job.rpc_id, "cancelled");
}

void AcpSession::Cancel(ClientCalls::Tell tell) {
  std::vector<Job> prompts;
  {
    const std::lock_guard lock(mutex_);
    prompts = StopLocked();
  }
  connection_.calls.Cancel(id(), tell);
  AnswerCancelled(prompts);
}

bool AcpSession::CancelPrompt(const std::string& rpc_id) {
  std::vector<Job> prompts;
  {
    const std::lock_guard lock(mutex_);
    if (running_ == rpc_id) {
      stop_.request_stop();
    } else {
      const auto found =
          std::find_if(jobs_.begin(), jobs_.end(), [&](const Job& job) {
            return job.kind == Job::Kind::kPrompt && job.rpc_id == rpc_id;
          });
      if (found == jobs_.end()) return false;
      prompts.push_back(std::move(*found));
      jobs_.erase(found);
    }
  }
  if (prompts.empty())
    connection_.calls.Cancel(id(), ClientCalls::Tell::kClient);
  AnswerCancelled(prompts);
  return true;
}

void AcpSession::EndWith(Job job) {
  std::vector<Job> prompts;
  const bool tells = job.kind != Job::Kind::kEnd;
  {
    const std::lock_guard lock(mutex_);
    prompts = StopLocked();
    ending_ = true;
    jobs_.push_back(std::move(job));
    ready_.notify_one();
  }
  end_.request_stop();
  if (tells) connection_.calls.Cancel(id(), ClientCalls::Tell::kClient);
  AnswerCancelled(prompts);
}

void AcpSession::Close(const std::string& rpc_id) {
  EndWith({Job::Kind::kClose, rpc_id, {}});
}

void AcpSession::Delete(const std::string& rpc_id) {
  EndWith({Job::Kind::kDelete, rpc_id, {}});
}

void AcpSession::End() { EndWith({Job::Kind::kEnd, {}, {}}); }

void AcpSession::SetMode(Mode mode) {
  {
    const std::lock_guard lock(mutex_);
    mode_ = mode;
  }
  conversation_->set_mode(mode);
}

void AcpSession::TellMode() {
  // What the client hears last is what holds.
  const std::lock_guard lock(tell_mutex_);
  const AcpChoices now = choices();
  voice_->Update(ModeUpdate(now.mode));
  voice_->Update(ConfigOptionsUpdate(now));
}

AcpChoices AcpSession::choices() const {
  const std::lock_guard lock(mutex_);
  return {mode_, model_, models_};
}

bool AcpSession::OffersModel(const std::string& model) const {
  const AcpChoices now = choices();
  return model == now.model || std::find(now.models.begin(), now.models.end(),
                                         model) != now.models.end();
}

void AcpSession::AnswerStopped(const std::string& rpc_id,
                               std::string_view reason) {
  Answer(rpc_id, fmt::format("{{\"stopReason\":\"{}\"}}", reason));
}

void AcpSession::Answer(const std::string& rpc_id, std::string_view result) {
  connection_.outbox.Answer(RpcResultLine(rpc_id, result));
}

void AcpSession::Fail(const std::string& rpc_id, const RpcError& error) {
  connection_.outbox.Answer(RpcErrorLine(rpc_id, error));
}

}  // namespace cofferdam::agent
