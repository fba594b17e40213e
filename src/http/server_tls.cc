#include "http/server_tls.h"

#include <utility>

#include "http/stream_internal.h"

namespace cofferdam::http {

ServerTls::~ServerTls() = default;

Result<std::shared_ptr<ServerTls>> ServerTls::Load(ServerTlsFiles files) {
  std::shared_ptr<ServerTls> tls(new ServerTls(std::move(files)));
  TRY(tls->Reload());
  return tls;
}

Status ServerTls::Reload() {
  TRY_ASSIGN(auto context, TlsContext::OfServer(files_));
  std::lock_guard lock(mutex_);
  context_ = std::move(context);
  return {};
}

std::shared_ptr<const TlsContext> ServerTls::context() const {
  std::lock_guard lock(mutex_);
  return context_;
}

}  // namespace cofferdam::http
