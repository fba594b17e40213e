#include "agent/acp/acp_client_testing.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <csignal>

namespace cofferdam::agent {
namespace {

constexpr int kWaitMs = 10'000;

}  // namespace

AcpClientTesting::AcpClientTesting() {
  std::signal(SIGPIPE, SIG_IGN);
  std::array<int, 2> fds{};
  EXPECT_EQ(pipe2(fds.data(), O_CLOEXEC), 0);
  agent_in_.Reset(fds[0]);
  to_agent_.Reset(fds[1]);
  EXPECT_EQ(pipe2(fds.data(), O_CLOEXEC), 0);
  from_agent_.Reset(fds[0]);
  agent_out_.Reset(fds[1]);
  options.version = "1.2.3";
}

AcpClientTesting::~AcpClientTesting() {
  CloseInput();
  CloseOutput();
  if (thread_.joinable()) thread_.join();
}

void AcpClientTesting::Start() {
  thread_ = std::thread([this] {
    status_ = RunAcp(options, conversations, agent_in_.get(), agent_out_.get());
  });
}

Status AcpClientTesting::Wait() {
  thread_.join();
  return status_;
}

void AcpClientTesting::Send(const std::string& line) {
  const std::string bytes = line + "\n";
  size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t now =
        write(to_agent_.get(), bytes.data() + sent, bytes.size() - sent);
    ASSERT_GT(now, 0);
    sent += static_cast<size_t>(now);
  }
}

std::string AcpClientTesting::Request(const std::string& method,
                                      const std::string& params) {
  std::string id = std::to_string(++last_id_);
  Send(R"({"jsonrpc":"2.0","id":)" + id + R"(,"method":")" + method +
       R"(","params":)" + params + "}");
  return id;
}

void AcpClientTesting::Notify(const std::string& method,
                              const std::string& params) {
  Send(R"({"jsonrpc":"2.0","method":")" + method + R"(","params":)" + params +
       "}");
}

std::string AcpClientTesting::Read() {
  while (true) {
    if (const size_t end = buffer_.find('\n'); end != std::string::npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      const auto document = JsonDocument::Parse(line);
      EXPECT_TRUE(document.ok()) << line;
      return line;
    }
    pollfd ready = {from_agent_.get(), POLLIN, 0};
    if (poll(&ready, 1, kWaitMs) != 1) {
      ADD_FAILURE() << "the agent says nothing";
      return "";
    }
    std::array<char, 65536> bytes{};
    const ssize_t now = read(from_agent_.get(), bytes.data(), bytes.size());
    if (now <= 0) return "";
    buffer_.append(bytes.data(), static_cast<size_t>(now));
  }
}

std::string AcpClientTesting::ReadUntil(const std::string& text) {
  while (true) {
    std::string line = Read();
    if (line.empty()) {
      ADD_FAILURE() << "never came: " << text;
      return line;
    }
    if (line.find(text) != std::string::npos) return line;
    seen.push_back(std::move(line));
  }
}

std::string AcpClientTesting::Answer(const std::string& id) {
  const std::string begin = R"({"jsonrpc":"2.0","id":)" + id + ",";
  // Those to other requests may have come before it.
  for (size_t i = 0;; ++i) {
    if (i == seen.size()) seen.push_back(Read());
    const std::string line = seen[i];
    if (line.empty()) {
      ADD_FAILURE() << "no answer to " << id;
      return line;
    }
    if (line.starts_with(begin + R"("result")") ||
        line.starts_with(begin + R"("error")")) {
      seen.erase(seen.begin() + static_cast<ptrdiff_t>(i));
      return line.substr(begin.size(), line.size() - begin.size() - 1);
    }
  }
}

std::string AcpClientTesting::Ask(const std::string& method,
                                  const std::string& params) {
  return Answer(Request(method, params));
}

void AcpClientTesting::Initialize(const std::string& capabilities) {
  Ask("initialize",
      R"({"protocolVersion":1,"clientCapabilities":)" + capabilities + "}");
}

std::string AcpClientTesting::NewSession() {
  const std::string answer =
      Ask("session/new", R"({"cwd":"/repo","mcpServers":[]})");
  const auto document = JsonDocument::Parse("{" + answer + "}");
  EXPECT_TRUE(document.ok()) << answer;
  if (!document.ok()) return "";
  return std::string((*document)["result"]["sessionId"].StringOrEmpty());
}

std::string AcpClientTesting::Prompt(const std::string& session,
                                     const std::string& text) {
  JsonWriter json;
  json.BeginObject().Field("sessionId", session);
  json.Key("prompt").BeginArray().BeginObject().Field("type", "text");
  json.Field("text", text).EndObject().EndArray().EndObject();
  return Request("session/prompt", json.text());
}

void AcpTest::AnswerWith(const std::string& text) {
  client.conversations.turn = [text](auto&, auto&, auto&, Observer& observer) {
    observer.OnText(text);
    observer.OnAnswerEnd();
    return Done();
  };
}

void AcpTest::BeginAndWait() {
  client.conversations.turn = [](FakeConversation& conversation, auto&, auto&,
                                 Observer& observer) {
    observer.OnText("begun");
    return conversation.WaitForInterrupt();
  };
}

bool AcpTest::Saw(const std::string& text) const {
  for (const std::string& line : client.seen)
    if (line.find(text) != std::string::npos) return true;
  return false;
}

}  // namespace cofferdam::agent
