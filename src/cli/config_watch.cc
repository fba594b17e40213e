#include "cli/config_watch.h"

#include <sys/stat.h>

#include <utility>

#include "cli/law_file.h"

namespace cofferdam::cli {

void ConfigWatch::Watch(const Config& config) {
  known_.clear();
  for (const std::string& path :
       {config.file, config.terms_file, config.prices_file, LawFile(config),
        config.gate.tls.certificate, config.gate.tls.key}) {
    if (!path.empty()) known_[path] = LookAt(path);
  }
  last_ = known_;
}

bool ConfigWatch::Changed() {
  Looks now = LookAtAll();
  const bool settled = now == last_;
  last_ = std::move(now);
  if (!settled || last_ == known_) return false;
  known_ = last_;
  return true;
}

ConfigWatch::Look ConfigWatch::LookAt(const std::string& path) {
  struct stat info;
  Look look;
  if (stat(path.c_str(), &info) != 0) return look;
  look.device = info.st_dev;
  look.inode = info.st_ino;
  look.size = info.st_size;
  look.modified_ns =
      int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec;
  return look;
}

ConfigWatch::Looks ConfigWatch::LookAtAll() const {
  Looks looks;
  for (const auto& [path, look] : known_) looks[path] = LookAt(path);
  return looks;
}

}  // namespace cofferdam::cli
