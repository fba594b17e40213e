#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "console/stores.h"
#include "policy/role.h"

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
  // That key's role; none for "local", who may everything.
  std::optional<policy::Role> role;
};

// A row of the table of calls.
struct ApiCall {
  std::string_view method;
  // One that ends in '/' is followed by the name of one thing.
  std::string_view path;
  policy::Permission permission;
  size_t body_bytes_max = 0;
};

inline constexpr std::string_view kApiPrefix = "/cofferdam/v1/admin/";

// The administration of one data folder, as JSON calls (docs/formats/
// admin-api.md). Safe from any thread; calls may touch the disk.
class Api {
 public:
  explicit Api(Stores& stores) : stores_(stores) {}

  // Whether whoever asks may make this call, without its body: kNotFound for
  // one that does not exist, kDenied with the roles that may.
  Status Check(const ApiRequest& request) const;

  // Of the body of this call, in bytes; for one that Check lets pass.
  static size_t BodyBytesMax(const ApiRequest& request);

  // The answer's JSON, or the error of Check.
  Result<std::string> Handle(const ApiRequest& request);

  // Every call there is.
  static std::vector<ApiCall> Calls();

 private:
  Stores& stores_;
};

}  // namespace cofferdam::console
