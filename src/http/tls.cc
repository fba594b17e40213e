#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <climits>
#include <utility>

#include "http/address_internal.h"
#include "http/stream_internal.h"

namespace cofferdam::http {
namespace {

std::string LastTlsError() {
  const unsigned long error = ERR_peek_last_error();
  if (error == 0) return "the connection closed";
  const char* reason = ERR_reason_error_string(error);
  return reason != nullptr ? reason : fmt::format("error {:x}", error);
}

Socket& SocketOf(BIO* bio) { return *static_cast<Socket*>(BIO_get_data(bio)); }

// OpenSSL's own socket BIO would raise SIGPIPE and knows nothing of our waits.
int BioRead(BIO* bio, char* data, int size) {
  BIO_clear_retry_flags(bio);
  const IoStep step = SocketOf(bio).TryRead(data, static_cast<size_t>(size));
  switch (step.outcome) {
    case IoOutcome::kMoved:
      return static_cast<int>(step.bytes);
    case IoOutcome::kAgain:
      BIO_set_retry_read(bio);
      return -1;
    case IoOutcome::kEnd:
      BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
      return 0;
    case IoOutcome::kFailed:
      break;
  }
  return -1;
}

int BioWrite(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  iovec piece{const_cast<char*>(data), static_cast<size_t>(size)};
  const IoStep step = SocketOf(bio).TryWrite({&piece, 1});
  if (step.outcome == IoOutcome::kMoved) return static_cast<int>(step.bytes);
  if (step.outcome == IoOutcome::kAgain) BIO_set_retry_write(bio);
  return -1;
}

long BioControl(BIO* bio, int command, long, void*) {
  switch (command) {
    case BIO_CTRL_FLUSH:
      return 1;
    case BIO_CTRL_EOF:
      return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
    default:
      return 0;
  }
}

}  // namespace

Result<std::shared_ptr<const TlsContext>> TlsContext::Create(
    const std::string& ca_file) {
  std::shared_ptr<TlsContext> made(new TlsContext());
  ERR_clear_error();
  made->context_ = SSL_CTX_new(TLS_client_method());
  made->method_ = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK,
                               "cofferdam socket");
  if (made->context_ == nullptr || made->method_ == nullptr) {
    return Error(Code::kInternal, "set up TLS: " + LastTlsError());
  }
  BIO_meth_set_read(made->method_, BioRead);
  BIO_meth_set_write(made->method_, BioWrite);
  BIO_meth_set_ctrl(made->method_, BioControl);
  SSL_CTX* context = made->context_;
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context, 1);
  static constexpr unsigned char kAlpn[] = "\x08http/1.1";
  SSL_CTX_set_alpn_protos(context, kAlpn, sizeof(kAlpn) - 1);
  if (ca_file.empty()) {
    SSL_CTX_set_default_verify_paths(context);
  } else if (SSL_CTX_load_verify_locations(context, ca_file.c_str(), nullptr) !=
             1) {
    return Error(Code::kInvalid,
                 fmt::format("ca_file {}: {}", ca_file, LastTlsError()));
  }
  return std::shared_ptr<const TlsContext>(std::move(made));
}

TlsContext::~TlsContext() {
  SSL_CTX_free(context_);
  BIO_meth_free(method_);
}

Stream::~Stream() { SSL_free(ssl_); }

Task<Status> Stream::StartTls(std::shared_ptr<const TlsContext> context,
                              const std::string& host) {
  ERR_clear_error();
  context_ = std::move(context);
  ssl_ = SSL_new(context_->context_);
  BIO* bio = BIO_new(context_->method_);
  if (ssl_ == nullptr || bio == nullptr) {
    BIO_free(bio);
    co_return Error(Code::kInternal, "set up TLS: " + LastTlsError());
  }
  BIO_set_data(bio, socket_.get());
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_, bio, bio);
  const bool named =
      NumericAddress(host, 0).ok()
          ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), host.c_str()) ==
                1
          : SSL_set1_host(ssl_, host.c_str()) == 1 &&
                SSL_set_tlsext_host_name(ssl_, host.c_str()) == 1;
  if (!named) co_return Error(Code::kInvalid, "TLS: not a host: " + host);
  while (true) {
    ERR_clear_error();
    const int returned = SSL_connect(ssl_);
    if (returned == 1) co_return Status();
    unsigned want = 0;
    const IoStep step = TlsStep(returned, &want);
    if (step.outcome == IoOutcome::kAgain) {
      const Woken woken = co_await socket_->Wait(want);
      if (woken != Woken::kReady) co_return WaitError(woken).Within("TLS");
      continue;
    }
    const long verified = SSL_get_verify_result(ssl_);
    co_return Error(
        Code::kUnavailable,
        fmt::format("TLS: {}", verified != X509_V_OK
                                   ? X509_verify_cert_error_string(verified)
                                   : LastTlsError()));
  }
}

// What a call of OpenSSL that moved nothing means.
IoStep Stream::TlsStep(int returned, unsigned* want) {
  switch (SSL_get_error(ssl_, returned)) {
    case SSL_ERROR_WANT_READ:
      *want = kReadable;
      return {IoOutcome::kAgain, 0, 0};
    case SSL_ERROR_WANT_WRITE:
      *want = kWritable;
      return {IoOutcome::kAgain, 0, 0};
    case SSL_ERROR_ZERO_RETURN:
      return {IoOutcome::kEnd, 0, 0};
    default:
      // An end without TLS's own farewell may be an attacker's: a failure.
      return {IoOutcome::kFailed, 0, socket_->closed() ? ECANCELED : EPROTO};
  }
}

IoStep Stream::TryRead(char* data, size_t size, unsigned* want) {
  *want = kReadable;
  if (ssl_ == nullptr) return socket_->TryRead(data, size);
  ERR_clear_error();
  const int got =
      SSL_read(ssl_, data, static_cast<int>(std::min<size_t>(size, INT_MAX)));
  if (got > 0) return {IoOutcome::kMoved, static_cast<size_t>(got), 0};
  return TlsStep(got, want);
}

IoStep Stream::TryWriteTls(std::string_view bytes, unsigned* want) {
  ERR_clear_error();
  const int sent =
      SSL_write(ssl_, bytes.data(),
                static_cast<int>(std::min<size_t>(bytes.size(), INT_MAX)));
  if (sent > 0) return {IoOutcome::kMoved, static_cast<size_t>(sent), 0};
  return TlsStep(sent, want);
}

}  // namespace cofferdam::http
