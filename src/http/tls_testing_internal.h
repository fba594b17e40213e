#pragma once

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/file.h"
#include "http/raw_socket_testing_internal.h"
#include "http/server_tls.h"

// Certificates and a blocking TLS client for tests.

namespace cofferdam::http {

// A key and a certificate for `names` ("DNS:localhost,IP:127.0.0.1") that
// signs itself, and the files of both.
class TestIdentity {
 public:
  explicit TestIdentity(const char* names) : key_(EVP_EC_gen("P-256")) {
    X509* x = certificate_ = X509_new();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_set_pubkey(x, key_);
    // A name of its own: who trusts two of them must tell them apart.
    static std::atomic<int> made = 0;
    const std::string name = "test " + std::to_string(++made);
    X509_NAME_add_entry_by_txt(
        X509_get_subject_name(x), "CN", MBSTRING_ASC,
        reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    X509_EXTENSION* san =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names);
    CHECK(san != nullptr);
    X509_add_ext(x, san, -1);
    X509_EXTENSION_free(san);
    CHECK(X509_sign(x, key_, EVP_sha256()) > 0);
    char folder[] = "/tmp/cofferdam-tls-XXXXXX";
    CHECK(::mkdtemp(folder) != nullptr);
    folder_ = folder;
    certificate_file_ = folder_ + "/certificate.pem";
    key_file_ = folder_ + "/key.pem";
    WriteTo({certificate_file_, key_file_});
  }
  ~TestIdentity() {
    ::unlink(certificate_file_.c_str());
    ::unlink(key_file_.c_str());
    ::rmdir(folder_.c_str());
    X509_free(certificate_);
    EVP_PKEY_free(key_);
  }
  TestIdentity(const TestIdentity&) = delete;
  TestIdentity& operator=(const TestIdentity&) = delete;

  X509* certificate() const { return certificate_; }
  EVP_PKEY* key() const { return key_; }
  const std::string& certificate_file() const { return certificate_file_; }
  const std::string& key_file() const { return key_file_; }
  ServerTlsFiles files() const { return {certificate_file_, key_file_}; }

  std::string CertificatePem() const {
    BIO* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, certificate_);
    return TakeText(bio);
  }
  std::string KeyPem(const char* password = nullptr) const {
    BIO* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(bio, key_,
                             password == nullptr ? nullptr : EVP_aes_128_cbc(),
                             nullptr, 0, nullptr, const_cast<char*>(password));
    return TakeText(bio);
  }
  // Replaces what stands in `files` with this identity.
  void WriteTo(const ServerTlsFiles& files) const {
    CHECK_OK(
        WriteFileAtomically(files.certificate_file, CertificatePem(), 0600));
    CHECK_OK(WriteFileAtomically(files.key_file, KeyPem(), 0600));
  }

 private:
  static std::string TakeText(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    std::string text(data, static_cast<size_t>(size));
    BIO_free(bio);
    return text;
  }

  EVP_PKEY* key_;
  X509* certificate_ = nullptr;
  std::string folder_;
  std::string certificate_file_;
  std::string key_file_;
};

// A blocking client that trusts everybody. SIGPIPE must be ignored.
class RawTlsClient {
 public:
  // `set_up`: what to change before the handshake.
  explicit RawTlsClient(const std::string& address,
                        void (*set_up)(SSL_CTX*) = nullptr)
      : context_(SSL_CTX_new(TLS_client_method())),
        socket_(RawSocket::Connect(address)) {
    if (set_up != nullptr) set_up(context_);
    ssl_ = SSL_new(context_);
    SSL_set_fd(ssl_, socket_.fd());
    connected_ = SSL_connect(ssl_) == 1;
  }
  ~RawTlsClient() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }
  RawTlsClient(const RawTlsClient&) = delete;
  RawTlsClient& operator=(const RawTlsClient&) = delete;

  bool connected() const { return connected_; }
  SSL* ssl() { return ssl_; }
  RawSocket& socket() { return socket_; }
  bool Send(std::string_view bytes) {
    return SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())) > 0;
  }
  // To the end. "<cut>" is appended when that came without a farewell.
  std::string ReceiveAll() {
    std::string all;
    char bytes[16 << 10];
    while (true) {
      const int got = SSL_read(ssl_, bytes, sizeof(bytes));
      if (got <= 0) {
        const bool proper = SSL_get_error(ssl_, got) == SSL_ERROR_ZERO_RETURN;
        return proper ? all : all + "<cut>";
      }
      all.append(bytes, static_cast<size_t>(got));
    }
  }
  std::string ReceiveUntil(std::string_view text) {
    std::string all;
    char byte;
    while (all.find(text) == std::string::npos) {
      if (SSL_read(ssl_, &byte, 1) != 1) return all + "<ended>";
      all += byte;
    }
    return all;
  }
  void Farewell() { SSL_shutdown(ssl_); }

 private:
  SSL_CTX* context_;
  RawSocket socket_;
  SSL* ssl_ = nullptr;
  bool connected_ = false;
};

}  // namespace cofferdam::http
