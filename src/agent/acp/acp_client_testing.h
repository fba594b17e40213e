#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "agent/acp/acp.h"
#include "agent/acp/fake_conversations_testing.h"
#include "base/file.h"
#include "base/json.h"

namespace cofferdam::agent {

// RunAcp in a thread of its own, with a client that a test plays.
class AcpClientTesting {
 public:
  AcpClientTesting();
  // Ends the connection and waits.
  ~AcpClientTesting();

  // Before Start: what may be changed.
  AcpOptions options;
  FakeConversations conversations;

  void Start();
  // A line as it is.
  void Send(const std::string& line);
  // A request with the next number; its id.
  std::string Request(const std::string& method, const std::string& params);
  void Notify(const std::string& method, const std::string& params);
  // The next line; a test that waits for 10 s in vain fails, with "".
  std::string Read();
  // Reads until the answer to `id`; what came before it is kept in `seen`.
  std::string Answer(const std::string& id);
  // Reads until a line holds `text`; that line.
  std::string ReadUntil(const std::string& text);
  // Request and Answer; the answer from its result or error on.
  std::string Ask(const std::string& method, const std::string& params);
  // initialize and session/new; the id of the session.
  void Initialize(const std::string& capabilities = "{}");
  std::string NewSession();
  // The request session/prompt; its id.
  std::string Prompt(const std::string& session, const std::string& text);

  // Closes the agent's stdin, or its stdout; returns what RunAcp came to.
  void CloseInput() { to_agent_.Reset(-1); }
  void CloseOutput() { from_agent_.Reset(-1); }
  Status Wait();

  std::vector<std::string> seen;

 private:
  FileDescriptor agent_in_;
  FileDescriptor agent_out_;
  FileDescriptor to_agent_;
  FileDescriptor from_agent_;
  std::string buffer_;
  int last_id_ = 0;
  Status status_;
  std::thread thread_;
};

inline constexpr const char* kCancelled =
    R"("result":{"stopReason":"cancelled"})";
inline constexpr const char* kEnded = R"("result":{"stopReason":"end_turn"})";

// A client, and what many of its tests say.
class AcpTest : public testing::Test {
 protected:
  static TurnResult Done() { return {}; }
  // A turn that ends at once, having said `text`.
  void AnswerWith(const std::string& text);
  // Turns that say "begun" and end when they are interrupted.
  void BeginAndWait();
  // Whether a line that was read before the last answer holds `text`.
  bool Saw(const std::string& text) const;

  AcpClientTesting client;
};

}  // namespace cofferdam::agent
