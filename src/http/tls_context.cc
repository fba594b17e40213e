#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <memory>
#include <string_view>
#include <utility>

#include "base/file.h"
#include "http/stream_internal.h"

namespace cofferdam::http {
namespace {

// A chain of certificates has some KiB.
constexpr size_t kPemBytesMax = 1 << 20;

constexpr std::string_view kAlpn = "\x08http/1.1";

// TLS 1.2: forward secrecy and authenticated encryption only. TLS 1.3 has
// nothing else.
constexpr const char* kServerSuites = "ECDHE+AESGCM:ECDHE+CHACHA20";

template <auto kFree>
struct Freeing {
  template <typename T>
  void operator()(T* held) const {
    kFree(held);
  }
};
using Bio = std::unique_ptr<BIO, Freeing<BIO_free>>;
using Certificate = std::unique_ptr<X509, Freeing<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freeing<EVP_PKEY_free>>;

const unsigned char* AlpnBytes() {
  return reinterpret_cast<const unsigned char*>(kAlpn.data());
}

Socket& SocketOf(BIO* bio) { return *static_cast<Socket*>(BIO_get_data(bio)); }

// OpenSSL's own socket BIO would raise SIGPIPE and knows nothing of our waits.
int BioRead(BIO* bio, char* data, int size) {
  BIO_clear_retry_flags(bio);
  // OpenSSL asks once more than it needs to; the kernel need not.
  const IoStep step =
      SocketOf(bio).ReadableMaybe()
          ? SocketOf(bio).TryRead(data, static_cast<size_t>(size))
          : IoStep{};
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

int ChooseAlpn(SSL*, const unsigned char** chosen, unsigned char* chosen_size,
               const unsigned char* offered, unsigned offered_size, void*) {
  unsigned char* out = nullptr;
  if (SSL_select_next_proto(&out, chosen_size, AlpnBytes(), kAlpn.size(),
                            offered, offered_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *chosen = out;
  return SSL_TLSEXT_ERR_OK;
}

// An encrypted key must not make OpenSSL ask at the terminal.
int NoPassword(char*, int, int, void*) { return -1; }

Result<std::string> ReadPem(std::string_view what, const std::string& path) {
  auto bytes = ReadFile(path, kPemBytesMax);
  if (!bytes.ok()) return std::move(bytes).error().Within(what);
  return bytes;
}

Error Bad(std::string_view what, const std::string& path,
          std::string_view why) {
  return Error(Code::kInvalid, fmt::format("{} {}: {}", what, path, why));
}

Status UseCertificates(SSL_CTX* context, const std::string& path) {
  constexpr std::string_view kWhat = "certificate_file";
  TRY_ASSIGN(const std::string pem, ReadPem(kWhat, path));
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Certificate first(PEM_read_bio_X509_AUX(bio.get(), nullptr, NoPassword, {}));
  if (first == nullptr) return Bad(kWhat, path, "holds no PEM certificate");
  if (SSL_CTX_use_certificate(context, first.get()) != 1) {
    return Bad(kWhat, path, LastTlsError());
  }
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, NoPassword, {})) {
    if (SSL_CTX_add0_chain_cert(context, next) != 1) {
      X509_free(next);
      return Bad(kWhat, path, LastTlsError());
    }
  }
  if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
    return Bad(kWhat, path, "a certificate in it is broken");
  }
  ERR_clear_error();
  return {};
}

Status UseKey(SSL_CTX* context, const ServerTlsFiles& files) {
  constexpr std::string_view kWhat = "key_file";
  TRY_ASSIGN(std::string pem, ReadPem(kWhat, files.key_file));
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassword, {}));
  OPENSSL_cleanse(pem.data(), pem.size());
  if (key == nullptr) {
    return Bad(kWhat, files.key_file, "holds no PEM key without a password");
  }
  if (X509_check_private_key(SSL_CTX_get0_certificate(context), key.get()) !=
          1 ||
      SSL_CTX_use_PrivateKey(context, key.get()) != 1) {
    return Bad(kWhat, files.key_file,
               fmt::format("is not the key of certificate_file {}",
                           files.certificate_file));
  }
  return {};
}

}  // namespace

std::string LastTlsError() {
  const unsigned long error = ERR_peek_last_error();
  if (error == 0) return "the connection closed";
  const char* reason = ERR_reason_error_string(error);
  return reason != nullptr ? reason : fmt::format("error {:x}", error);
}

Result<std::shared_ptr<TlsContext>> TlsContext::Make(
    const ssl_method_st* method) {
  std::shared_ptr<TlsContext> made(new TlsContext());
  ERR_clear_error();
  made->context_ = SSL_CTX_new(method);
  made->method_ = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK,
                               "cofferdam socket");
  if (made->context_ == nullptr || made->method_ == nullptr) {
    return Error(Code::kInternal, "set up TLS: " + LastTlsError());
  }
  BIO_meth_set_read(made->method_, BioRead);
  BIO_meth_set_write(made->method_, BioWrite);
  BIO_meth_set_ctrl(made->method_, BioControl);
  SSL_CTX_set_min_proto_version(made->context_, TLS1_2_VERSION);
  SSL_CTX_set_options(made->context_, SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(made->context_, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                       SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                       SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(made->context_, 1);
  return made;
}

Result<std::shared_ptr<const TlsContext>> TlsContext::OfClient(
    const std::string& ca_file) {
  TRY_ASSIGN(std::shared_ptr<TlsContext> made, Make(TLS_client_method()));
  SSL_CTX* context = made->context_;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_session_cache_mode(
      context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, Stream::KeepSession);
  SSL_CTX_set_alpn_protos(context, AlpnBytes(), kAlpn.size());
  if (ca_file.empty()) {
    SSL_CTX_set_default_verify_paths(context);
  } else if (SSL_CTX_load_verify_locations(context, ca_file.c_str(), nullptr) !=
             1) {
    return Error(Code::kInvalid,
                 fmt::format("ca_file {}: {}", ca_file, LastTlsError()));
  }
  return std::shared_ptr<const TlsContext>(std::move(made));
}

Result<std::shared_ptr<const TlsContext>> TlsContext::OfServer(
    const ServerTlsFiles& files) {
  TRY_ASSIGN(std::shared_ptr<TlsContext> made, Make(TLS_server_method()));
  SSL_CTX* context = made->context_;
  SSL_CTX_set_cipher_list(context, kServerSuites);
  SSL_CTX_set_alpn_select_cb(context, ChooseAlpn, nullptr);
  // Tickets hold what a client needs to come back; nothing is kept here.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 1);
  TRY(UseCertificates(context, files.certificate_file));
  TRY(UseKey(context, files));
  return std::shared_ptr<const TlsContext>(std::move(made));
}

TlsContext::~TlsContext() {
  SSL_CTX_free(context_);
  BIO_meth_free(method_);
}

}  // namespace cofferdam::http
