#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "base/result.h"

namespace cofferdam::http {

class TlsContext;

// PEM files. The certificate's file holds the server's own first, then those
// that lead to its authority; the key's file must not be encrypted.
struct ServerTlsFiles {
  std::string certificate_file;
  std::string key_file;
};

// What a server shows its clients on TLS: version 1.2 or later, suites with
// forward secrecy, HTTP/1.1 only (a client that offers ALPN without it is
// refused). Safe from any thread.
class ServerTls {
 public:
  // kNotFound, kDenied, kTooLarge or kInvalid naming the file: it is missing,
  // cannot be read, is no PEM, or the key is not the certificate's.
  static Result<std::shared_ptr<ServerTls>> Load(ServerTlsFiles files);
  ~ServerTls();
  ServerTls(const ServerTls&) = delete;
  ServerTls& operator=(const ServerTls&) = delete;

  // Reads the files again, for handshakes from now on; running connections
  // keep what they have. After an error (as Load's) nothing has changed.
  Status Reload();

  // What a handshake that begins now uses.
  std::shared_ptr<const TlsContext> context() const;

 private:
  explicit ServerTls(ServerTlsFiles files) : files_(std::move(files)) {}

  const ServerTlsFiles files_;
  mutable std::mutex mutex_;
  std::shared_ptr<const TlsContext> context_;  // guarded by mutex_
};

}  // namespace cofferdam::http
