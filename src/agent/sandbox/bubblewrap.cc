#include "agent/sandbox/bubblewrap.h"

#include <sys/stat.h>
#include <unistd.h>

namespace cofferdam::agent {

std::string FindBubblewrap() {
  for (const char* path : {"/usr/bin/bwrap", "/usr/local/bin/bwrap",
                           "/bin/bwrap", "/run/current-system/sw/bin/bwrap"}) {
    if (access(path, X_OK) == 0) {
      return path;
    }
  }
  return {};
}

std::vector<std::string> BubblewrapArguments(const std::string& bwrap,
                                             const BubblewrapView& view) {
  std::vector<std::string> argv = {bwrap,
                                   "--unshare-user-try",
                                   "--unshare-pid",
                                   "--unshare-ipc",
                                   "--die-with-parent",
                                   "--new-session",
                                   "--cap-drop",
                                   "ALL"};
  const auto add = [&](std::initializer_list<std::string> words) {
    argv.insert(argv.end(), words);
  };
  if (view.network == Network::kOff) {
    add({"--unshare-net"});
  }
  add({"--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc",
       "--remount-ro", "/proc", "--tmpfs", "/run", "--bind", view.tmp, "/tmp"});
  add({"--ro-bind-try", "/run/systemd/resolve", "/run/systemd/resolve"});
  add({"--ro-bind-try", "/run/current-system", "/run/current-system"});
  for (const std::string& path : view.writable) {
    add({"--bind", path, path});
  }
  const auto hide = [&](const std::string& path) {
    struct stat status = {};
    if (stat(path.c_str(), &status) != 0) {
      return;
    }
    if (S_ISDIR(status.st_mode)) {
      add({"--perms", "0000", "--tmpfs", path, "--remount-ro", path});
    } else {
      add({"--ro-bind", "/dev/null", path});
    }
  };
  for (const std::string& path : view.hidden) {
    hide(path);
  }
  for (const ViewChange& change : view.changes) {
    switch (change.kind) {
      case ViewChange::Kind::kReadOnly:
        add({"--ro-bind-try", change.path, change.path});
        break;
      case ViewChange::Kind::kPinned:
      case ViewChange::Kind::kWritable:
        add({"--bind-try", change.path, change.path});
        break;
      case ViewChange::Kind::kHidden:
        hide(change.path);
        break;
    }
  }
  if (view.seccomp_fd >= 0) {
    add({"--seccomp", std::to_string(view.seccomp_fd)});
  }
  add({"--chdir", view.cwd, "--"});
  return argv;
}

}  // namespace cofferdam::agent
