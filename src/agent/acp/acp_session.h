#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "agent/acp/acp_version.h"
#include "agent/acp/commands.h"
#include "agent/acp/turn_observer.h"
#include "agent/acp/updates.h"
#include "agent/acp/voice.h"
#include "agent/conversation.h"

namespace cofferdam::agent {

// A session of a client: a conversation and the thread that drives it. Requests
// wait in a queue; everything is answered, also what is cancelled.
class AcpSession {
 public:
  // How the session came to be, which says how its opening is answered.
  enum class Birth { kNew, kForked, kLoaded, kResumed };
  struct Opening {
    Birth birth = Birth::kNew;
    std::string rpc_id;  // of the request to answer, as JSON
    ConversationRequest request;
    // What was asked for and is not offered, one line each.
    std::vector<std::string> notices;
  };
  struct Events {
    // The conversation is open. False: there is one of this id already, and
    // this session ends with an error.
    std::function<bool(AcpSession&)> on_open;
    // The thread is about to end; nothing of the session is used after it.
    std::function<void(AcpSession&)> on_end;
  };

  // Starts the thread, which opens the conversation and answers.
  AcpSession(AcpConnection& connection, AcpClient client, Opening opening,
             Events events);
  // Ends as End does and waits for the thread.
  ~AcpSession();
  AcpSession(const AcpSession&) = delete;
  AcpSession& operator=(const AcpSession&) = delete;

  // Valid once on_open has been called.
  const std::string& id() const { return voice_->session_id(); }
  const std::string& workspace() const { return workspace_; }

  // What follows is for any thread, once the session is open. Each answers the
  // request `rpc_id`.
  void Prompt(const std::string& rpc_id, std::string text);
  void SetModel(const std::string& rpc_id, std::string model);
  void Load(const std::string& rpc_id);    // again, by a client that has it
  void Resume(const std::string& rpc_id);  // likewise
  // Ends what runs and waits, then the session.
  void Close(const std::string& rpc_id);
  // The same, and deletes it.
  void Delete(const std::string& rpc_id);

  // At once, though a turn runs; the caller answers, then has the client told.
  void SetMode(Mode mode);
  void TellMode();
  AcpChoices choices() const;
  bool OffersModel(const std::string& model) const;

  // Ends the turn that runs; what waits is answered as cancelled.
  void Cancel(ClientCalls::Tell tell);
  // The same for one prompt; false if there is none of that id.
  bool CancelPrompt(const std::string& rpc_id);
  // Ends what runs and waits, then the thread; answers no request.
  void End();

 private:
  struct Job {
    enum class Kind { kPrompt, kModel, kLoad, kResume, kClose, kDelete, kEnd };
    Kind kind = Kind::kPrompt;
    std::string rpc_id;
    std::string text;
  };

  void Run();
  bool Open();
  void Enqueue(Job job);
  // False: the session ends.
  bool Do(Job& job);
  void DoModel(const Job& job);
  void DoDelete(const Job& job);
  void DoPrompt(const Job& job);
  void DoTurn(const Job& job);
  void DoCommand(const Job& job, const AcpCommand& command);
  void DoCompact(const std::string& focus);
  AcpTurnObserver::Options ObserverOptions();
  std::string StatusText() const;
  void AnswerTurn(const std::string& rpc_id, const TurnResult& result);
  void AnswerOpened(const std::string& rpc_id, Birth birth);
  void AnswerStopped(const std::string& rpc_id, std::string_view reason);
  void Answer(const std::string& rpc_id, std::string_view result);
  void Fail(const std::string& rpc_id, const RpcError& error);
  // The conversation changed its mode or model by itself.
  void OnMode(Mode mode);
  void TakeModel();
  // What the engine has to choose from; told to the client.
  void FindModels();
  // Of kClose, kDelete or kEnd: after it nothing is taken any more.
  void EndWith(Job job);
  // Cancels what runs and takes the prompts that wait out of the queue; the
  // lock is held.
  std::vector<Job> StopLocked();
  void AnswerCancelled(const std::vector<Job>& prompts);

  AcpConnection& connection_;
  const AcpClient client_;
  Opening opening_;
  const Events events_;
  std::string workspace_;
  std::unique_ptr<AcpVoice> voice_;
  std::unique_ptr<Conversation> conversation_;
  bool titled_ = false;
  uint64_t compactions_ = 0;

  std::mutex tell_mutex_;
  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Job> jobs_;
  std::string running_;    // the rpc id of the prompt that runs; empty: none
  std::stop_source stop_;  // of that prompt
  std::stop_source end_;   // of the session
  bool ending_ = false;
  Mode mode_ = Mode::kAsk;
  std::string model_;
  std::vector<std::string> models_;  // that the engine has
  std::thread thread_;
};

}  // namespace cofferdam::agent
