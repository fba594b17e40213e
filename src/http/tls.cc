#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <utility>

#include "http/address_internal.h"
#include "http/stream_internal.h"

namespace cofferdam::http {
namespace {

// Pieces of this size together go into one TLS record.
constexpr size_t kRecordBytesMax = 16 << 10;

}  // namespace

TlsSessions::~TlsSessions() {
  for (SSL_SESSION* session : kept_) SSL_SESSION_free(session);
}

void TlsSessions::Put(SSL_SESSION* session) {
  if (kept_.size() == kKeptMax) {
    SSL_SESSION_free(kept_.front());
    kept_.erase(kept_.begin());
  }
  kept_.push_back(session);
}

SSL_SESSION* TlsSessions::Take() {
  if (kept_.empty()) return nullptr;
  SSL_SESSION* session = kept_.back();
  if (SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION) {
    kept_.pop_back();
  } else {
    SSL_SESSION_up_ref(session);
  }
  return session;
}

Stream::~Stream() {
  if (ssl_ == nullptr) return;
  // Else OpenSSL takes its session for one that must not be resumed.
  if (SSL_is_init_finished(ssl_)) {
    SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  }
  SSL_free(ssl_);
}

// Called by OpenSSL, in a handshake or a read; 1: the reference is kept.
int Stream::KeepSession(SSL* ssl, SSL_SESSION* session) {
  static_cast<Stream*>(SSL_get_app_data(ssl))->sessions_->Put(session);
  return 1;
}

Status Stream::SetUpTls(std::shared_ptr<const TlsContext> context) {
  ERR_clear_error();
  context_ = std::move(context);
  ssl_ = SSL_new(context_->context_);
  BIO* bio = BIO_new(context_->method_);
  if (ssl_ == nullptr || bio == nullptr) {
    BIO_free(bio);
    return Error(Code::kInternal, "set up TLS: " + LastTlsError());
  }
  BIO_set_data(bio, socket_.get());
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_, bio, bio);
  return {};
}

Task<Status> Stream::StartTls(std::shared_ptr<const TlsContext> context,
                              std::shared_ptr<TlsSessions> sessions,
                              const std::string& host) {
  CO_TRY(SetUpTls(std::move(context)));
  sessions_ = std::move(sessions);
  SSL_set_app_data(ssl_, this);
  const bool named =
      NumericAddress(host, 0).ok()
          ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), host.c_str()) ==
                1
          : SSL_set1_host(ssl_, host.c_str()) == 1 &&
                SSL_set_tlsext_host_name(ssl_, host.c_str()) == 1;
  if (!named) co_return Error(Code::kInvalid, "TLS: not a host: " + host);
  SSL_set_connect_state(ssl_);
  if (SSL_SESSION* session = sessions_->Take()) {
    SSL_set_session(ssl_, session);
    SSL_SESSION_free(session);
  }
  co_return co_await ShakeHands();
}

Task<Status> Stream::AcceptTls(std::shared_ptr<const TlsContext> context) {
  CO_TRY(SetUpTls(std::move(context)));
  SSL_set_accept_state(ssl_);
  co_return co_await ShakeHands();
}

Task<Status> Stream::ShakeHands() {
  while (true) {
    ERR_clear_error();
    const int returned = SSL_do_handshake(ssl_);
    // Bytes behind the handshake may have come with it.
    if (returned == 1) {
      tls_may_read_ = true;
      co_return Status();
    }
    unsigned want = 0;
    const IoStep step = TlsStep(returned, &want);
    if (step.outcome == IoOutcome::kAgain) {
      const Woken woken = co_await socket_->Wait(want);
      if (woken != Woken::kReady) co_return WaitError(woken).Within("TLS");
      continue;
    }
    if (ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_HTTP_REQUEST) {
      SSL_free(std::exchange(ssl_, nullptr));
      co_return Error(Code::kInvalid, "TLS: the peer speaks plain HTTP");
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

IoStep Stream::TryReadTls(char* data, size_t size, unsigned* want) {
  ERR_clear_error();
  const int got =
      SSL_read(ssl_, data, static_cast<int>(std::min<size_t>(size, INT_MAX)));
  tls_may_read_ = got > 0;
  if (got > 0) return {IoOutcome::kMoved, static_cast<size_t>(got), 0};
  return TlsStep(got, want);
}

// A call that could not write is repeated with the same bytes in front, as
// OpenSSL demands, since `pieces` stay as they are.
IoStep Stream::TryWriteTls(std::span<iovec> pieces, unsigned* want) {
  const char* data = static_cast<const char*>(pieces.front().iov_base);
  size_t size = pieces.front().iov_len;
  if (pieces.size() > 1 && size < kRecordBytesMax) {
    char* together = socket_->loop().state().scratch->data();
    size = 0;
    for (const iovec& piece : pieces) {
      const size_t some = std::min(piece.iov_len, kRecordBytesMax - size);
      std::memcpy(together + size, piece.iov_base, some);
      size += some;
    }
    data = together;
  }
  ERR_clear_error();
  const int sent =
      SSL_write(ssl_, data, static_cast<int>(std::min<size_t>(size, INT_MAX)));
  if (sent <= 0) return TlsStep(sent, want);
  Advance(pieces, static_cast<size_t>(sent));
  return {IoOutcome::kMoved, static_cast<size_t>(sent), 0};
}

void Stream::SayFarewell() {
  if (ssl_ == nullptr || socket_->closed() || !SSL_is_init_finished(ssl_)) {
    return;
  }
  ERR_clear_error();
  SSL_shutdown(ssl_);
}

}  // namespace cofferdam::http
