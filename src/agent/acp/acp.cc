#include "agent/acp/acp.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "agent/acp/acp_version.h"
#include "agent/acp/client_calls.h"
#include "agent/acp/json_rpc.h"
#include "agent/acp/line_splitter.h"
#include "agent/acp/outbox.h"
#include "base/file.h"

namespace cofferdam::agent {
namespace {

constexpr size_t kReadBytes = size_t{64} << 10;

// What comes from the client, and what is done with it before a version of the
// protocol has been chosen.
class AcpReader {
 public:
  explicit AcpReader(AcpConnection& connection)
      : connection_(connection),
        splitter_(connection.options.limits.line_bytes_max) {}

  void Feed(std::string_view bytes) {
    splitter_.Feed(bytes, [this](auto kind, auto line) { OnLine(kind, line); });
  }
  void End() {
    splitter_.End([this](auto kind, auto line) { OnLine(kind, line); });
  }
  void Stop() {
    connection_.calls.CancelAll();
    if (version_ != nullptr) version_->Stop();
  }

 private:
  void OnLine(LineSplitter::Line kind, std::string_view line) {
    if (kind == LineSplitter::Line::kTooLong) {
      Fail("null", {RpcError::Code::kParse,
                    fmt::format("a message of more than {} bytes was passed "
                                "over",
                                connection_.options.limits.line_bytes_max)});
      return;
    }
    const RpcLine read = ReadRpcLine(line);
    std::visit([this](const auto& message) { On(message); }, read.message);
  }

  void On(const RpcRequest& request) {
    if (version_ != nullptr) {
      version_->OnRequest(request);
    } else if (request.method == "initialize") {
      Initialize(request);
    } else {
      Fail(request.id, {RpcError::Code::kInvalidRequest,
                        "the connection begins with initialize"});
    }
  }
  void On(const RpcNotification& notification) {
    if (version_ != nullptr) version_->OnNotification(notification);
  }
  void On(const RpcResponse& response) {
    connection_.calls.OnResponse(response);
  }
  void On(const RpcBadMessage& message) { Fail(message.id, message.error); }
  void On(const RpcNothing&) {}

  void Initialize(const RpcRequest& request) {
    const auto wanted = request.params["protocolVersion"].Int();
    if (!wanted || *wanted < 0 || *wanted > 65535) {
      Fail(request.id, {RpcError::Code::kInvalidParams,
                        "\"protocolVersion\" is not a number from 0 to 65535"});
      return;
    }
    version_ = MakeAcpVersion(*wanted, request.params, connection_);
    connection_.outbox.Answer(
        RpcResultLine(request.id, version_->InitializeResult()));
  }

  void Fail(std::string_view id, const RpcError& error) {
    connection_.outbox.Answer(RpcErrorLine(id, error));
  }

  AcpConnection& connection_;
  LineSplitter splitter_;
  std::unique_ptr<AcpVersion> version_;
};

// Reads until there is nothing more to read, or one of the others is readable.
Status ReadAll(int in, int stop_fd, int gone_fd, AcpReader& reader) {
  const auto buffer = std::make_unique<std::array<char, kReadBytes>>();
  while (true) {
    std::array<pollfd, 3> fds = {
        {{in, POLLIN, 0}, {stop_fd, POLLIN, 0}, {gone_fd, POLLIN, 0}}};
    if (poll(fds.data(), fds.size(), -1) < 0) {
      if (errno == EINTR) continue;
      return Error::FromErrno(errno, "wait for the client");
    }
    if (fds[1].revents != 0 || fds[2].revents != 0) return {};
    if (fds[0].revents == 0) continue;
    const ssize_t bytes = read(in, buffer->data(), buffer->size());
    if (bytes < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    // A client that went away in the middle is gone all the same.
    if (bytes < 0) return {};
    if (bytes == 0) {
      reader.End();
      return {};
    }
    reader.Feed({buffer->data(), static_cast<size_t>(bytes)});
  }
}

}  // namespace

Status RunAcp(const AcpOptions& options, Conversations& conversations, int in,
              int out) {
  const FileDescriptor gone(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!gone.valid()) return Error::FromErrno(errno, "make an eventfd");
  const auto end = [&gone] { eventfd_write(gone.get(), 1); };
  Outbox outbox(
      {out, options.limits.waiting_bytes_max, options.limits.client_stall_ms},
      end);
  ClientCalls calls(outbox);
  AcpConnection connection{options, conversations, {}, outbox, calls};
  AcpReader reader(connection);
  const Status read = ReadAll(in, options.stop_fd, gone.get(), reader);
  reader.Stop();
  if (outbox.end() == Outbox::End::kStalled) {
    return Error(Code::kUnavailable,
                 fmt::format("the client has read nothing for {} s",
                             options.limits.client_stall_ms / 1'000));
  }
  return read;
}

}  // namespace cofferdam::agent
