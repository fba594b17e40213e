#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "console/stores.h"

namespace cofferdam::console {

// A call of the admin API, however it came: from a command in this process,
// over the data folder's socket, or over the administration port.
struct ApiRequest {
  std::string method;
  // Behind kApiPrefix: "person", "ledger/exchange".
  std::string path;
  // "after=10&limit=20"; plain names and numbers, nothing is encoded.
  std::string query;
  std::string body;  // JSON
  // For the audit: "local", or the id of the key that was shown.
  std::string actor;
};

inline constexpr std::string_view kApiPrefix = "/cofferdam/v1/admin/";

// The administration of one data folder, as JSON calls (docs/formats/
// admin-api.md). Safe from any thread; calls may touch the disk.
class Api {
 public:
  explicit Api(Stores& stores) : stores_(stores) {}

  // The answer's JSON; kNotFound for a call that does not exist.
  Result<std::string> Handle(const ApiRequest& request);

 private:
  Stores& stores_;
};

}  // namespace cofferdam::console
