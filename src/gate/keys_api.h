#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "gate/gate.h"
#include "gate/routes.h"
#include "http/server.h"
#include "http/task.h"

namespace cofferdam::gate {

// What engineers' commands ask the gate for, under /cofferdam/v1/: who am I,
// and a session key bound to repository, purpose and tool, to mint, renew and
// revoke. JSON both ways; the caller's key as bearer, but for sso, which is how
// to get one (docs/formats/sso.md).
//
//   GET  whoami        -> {"person","team","role","kind","repo","purpose",…}
//   POST token         {"repo","purpose","tool","commit"}
//                      -> {"secret","prefix","expires_at",…}
//   POST token/renew   -> {"expires_at"}    with a session key
//   POST token/revoke  -> {}                with a session key
//   POST decision      what would be decided (decision_api.h)
//   GET  approval/ID   how an approval stands that the caller asked for
//   POST history       what agents' histories tell of, at most
//                      kHistoryBytesMax (docs/formats/histories.md)
//   GET, POST sso…     without a key
//
// Errors: {"error":{"code","message"}} with the status of the code.
class KeysApi {
 public:
  static constexpr size_t kHistoryBytesMax = size_t{24} << 20;
  // Histories that are read or taken at once; one more is kExhausted.
  static constexpr int kHistoriesMax = 4;

  explicit KeysApi(const GateRooms& rooms) : rooms_(rooms) {}

  // Whether the path is one of its own.
  static bool Owns(std::string_view path);
  [[gnu::noinline]] http::Task<void> Handle(
      http::ServerExchange& client, std::shared_ptr<const Routes> routes) const;

 private:
  Result<policy::Principal> WhoAsks(const http::RequestHead& request) const;
  http::Task<Result<std::string>> TakeHistory(
      http::ServerExchange& client) const;
  http::Task<Result<std::string>> SignIn(http::ServerExchange& client,
                                         std::string name,
                                         std::string body) const;

  const GateRooms& rooms_;
  mutable std::atomic<int> histories_ = 0;
};

}  // namespace cofferdam::gate
