#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/agent_launch.h"

namespace cofferdam::cli {

// What one launch of an agent needs on disk, for as long as the object lives:
// its files (mode 0600) in a folder of its own (mode 0700), and where it has a
// mirror, a link to each entry of the mirrored folder. At the end all of it
// goes, but what the agent itself put into the mirror moves to the folder
// that it mirrors.
class AgentPlace {
 public:
  // Makes nothing for a launch without files, links and mirror. kUnavailable,
  // kDenied … as the disk says, with nothing left behind.
  static Result<AgentPlace> Make(const std::string& folder,
                                 const AgentLaunch& launch);

  AgentPlace(AgentPlace&& other) noexcept;
  AgentPlace& operator=(AgentPlace&&) = delete;
  ~AgentPlace();

  // Settings that the agent changed while it ran. They are not kept: only the
  // agent knows which of them were meant for the user's own file.
  std::vector<std::string> ChangedFiles() const;

 private:
  AgentPlace() = default;
  Status Fill(const AgentLaunch& launch);

  std::string folder_;  // empty when there is nothing to take away
  AgentLaunch launch_;
};

// A folder for one launch, below $XDG_RUNTIME_DIR/cofferdam, else below
// ~/.cache/cofferdam. kInvalid when neither is known.
Result<std::string> NewAgentFolder(
    const std::function<std::string(const char* name)>& variable,
    std::string_view name);

}  // namespace cofferdam::cli
