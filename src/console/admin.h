#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/log.h"
#include "base/result.h"
#include "console/api.h"
#include "console/stores.h"

namespace cofferdam::console {

// What a command uses to administer a data folder, whether or not a server
// holds it: if nobody does, the stores are opened here and called in process;
// else the same call goes over the folder's socket. Or the same calls over an
// administration's address, for those who are elsewhere.
class Admin {
 public:
  static constexpr int64_t kOpenWaitMs = 10'000;

  // Waits up to `wait_ms` for a command that holds the folder for a moment.
  // kConflict when the folder is held by something that does not answer.
  static Result<std::unique_ptr<Admin>> Open(const StoresOptions& options,
                                             const Logger& logger,
                                             int64_t wait_ms = kOpenWaitMs);

  // The administration that listens at `url`, with a key whose role says what
  // it may. Asks nothing yet; kInvalid for what is no address.
  static Result<std::unique_ptr<Admin>> Connect(const std::string& url,
                                                const std::string& key);

  // `method` and the rest as ApiRequest.
  Result<std::string> Call(const std::string& method, const std::string& path,
                           const std::string& body = "",
                           const std::string& query = "");

  // Closes the stores if they were opened here.
  Status Close();

 private:
  Admin() = default;

  std::unique_ptr<Stores> stores_;  // if held by this process
  std::string server_;              // else: "unix:PATH" or a URL,
  std::string key_;                 // with the key to show there
};

}  // namespace cofferdam::console
