#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cli/config.h"

namespace cofferdam::cli {

// Notices when the files behind a configuration change: itself, the table of
// terms, the law, certificate and key. By looking, since some file systems tell
// nobody; a file that is replaced by another one counts as well as one written
// to.
class ConfigWatch {
 public:
  explicit ConfigWatch(const Config& config) { Watch(config); }

  // From now on the files of `config`, as they are now.
  void Watch(const Config& config);
  // Whether anything has changed since Watch, and looked the same in two calls,
  // so that a file that is being written is left alone. Then what is there now
  // counts as known.
  bool Changed();

 private:
  struct Look {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = -1;  // -1: not there
    int64_t modified_ns = 0;
    bool operator==(const Look&) const = default;
  };
  using Looks = std::map<std::string, Look>;
  static Look LookAt(const std::string& path);
  Looks LookAtAll() const;

  Looks known_;
  Looks last_;
};

}  // namespace cofferdam::cli
