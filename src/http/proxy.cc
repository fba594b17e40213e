#include <fmt/format.h>
#include <openssl/evp.h>

#include <string>
#include <utility>

#include "http/framing.h"
#include "http/proxy_internal.h"
#include "http/syntax_internal.h"

namespace cofferdam::http {
namespace {

// A proxy's answer to CONNECT, and the reason in it that messages repeat.
constexpr HeadLimits kLimits{16 << 10, 64, 1 << 10};
constexpr size_t kReasonBytesMax = 100;

Task<Result<ResponseHead>> ReadAnswer(Stream& stream) {
  Loop::State& loop = stream.socket().loop().state();
  std::string in;
  HeadScanner scanner(kLimits);
  while (true) {
    ReadBuffer buffer;
    CO_TRY_ASSIGN(const size_t size, co_await stream.Read(&buffer));
    if (size == 0) {
      co_return Error(Code::kUnavailable, "the proxy closed the connection");
    }
    in.append(buffer->data(), size);
    loop.GiveBuffer(std::move(buffer));
    const auto outcome = scanner.Scan(in);
    if (outcome == HeadScanner::Outcome::kMore) continue;
    ResponseHead head;
    ResponseFraming framing;
    if (outcome == HeadScanner::Outcome::kRefused) {
      co_return Error(Code::kUnavailable,
                      fmt::format("the proxy speaks no HTTP: {}",
                                  scanner.refusal().message));
    }
    const std::string_view text = std::string_view(in).substr(
        scanner.head_begin(), scanner.head_end() - scanner.head_begin());
    // No answer to CONNECT has a body that we would read.
    if (auto refusal = ParseResponseHead(text, kLimits, RequestWas::kHead,
                                         &head, &framing)) {
      co_return Error(
          Code::kUnavailable,
          fmt::format("the proxy speaks no HTTP: {}", refusal->message));
    }
    const bool good = head.status >= 200 && head.status < 300;
    // The upstream speaks only after us: such bytes would be the proxy's own.
    if (good && in.size() != scanner.head_end()) {
      co_return Error(Code::kUnavailable, "the proxy sent bytes of its own");
    }
    co_return head;
  }
}

}  // namespace

std::string ProxyAuthorization(const Upstream::Proxy& proxy) {
  if (proxy.credential.empty()) return "";
  const auto* in =
      reinterpret_cast<const unsigned char*>(proxy.credential.data());
  std::string text(4 * ((proxy.credential.size() + 2) / 3) + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), in,
                      static_cast<int>(proxy.credential.size()));
  text.resize(static_cast<size_t>(size));
  return "Proxy-Authorization: Basic " + text + "\r\n";
}

Error ProxyRefusal(const ResponseHead& head) {
  std::string_view reason =
      head.reason.empty() ? ReasonOf(head.status) : head.reason;
  return Error(Code::kUnavailable,
               fmt::format("the proxy answers {} {}", head.status,
                           reason.substr(0, kReasonBytesMax)));
}

Status CheckProxy(const Upstream& upstream) {
  const Upstream::Proxy& proxy = *upstream.proxy;
  if (upstream.transport == Upstream::Transport::kUnix) {
    return Error(Code::kInvalid, "no proxy leads to a Unix socket");
  }
  if (proxy.url.scheme != Url::Scheme::kHttp || !proxy.url.base_path.empty()) {
    return Error(Code::kInvalid,
                 fmt::format("proxy {}: must be http://host:port",
                             proxy.url.ToString()));
  }
  if (!proxy.credential.empty() &&
      proxy.credential.find(':') == std::string::npos) {
    return Error(Code::kInvalid, "a proxy's credential must be user:password");
  }
  return {};
}

Task<Status> OpenTunnel(Stream& stream, const Upstream& upstream,
                        int64_t timeout_ms) {
  const std::string host = upstream.host.find(':') == std::string::npos
                               ? upstream.host
                               : fmt::format("[{}]", upstream.host);
  const std::string target = fmt::format("{}:{}", host, upstream.port);
  const std::string text =
      fmt::format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n{1}\r\n", target,
                  ProxyAuthorization(*upstream.proxy));
  const std::string context = "CONNECT " + target;
  auto written = co_await stream.Write(text, {}, timeout_ms);
  if (!written.ok()) co_return std::move(written).error().Within(context);
  stream.socket().SetDeadline(timeout_ms);
  auto head = co_await ReadAnswer(stream);
  if (!head.ok()) {
    Error error = std::move(head).error();
    if (error.code() == Code::kCorrupt) {
      error = Error(Code::kUnavailable, "the proxy broke the connection");
    }
    co_return std::move(error).Within(context);
  }
  if (head->status >= 200 && head->status < 300) co_return Status();
  co_return ProxyRefusal(*head).Within(context);
}

}  // namespace cofferdam::http
