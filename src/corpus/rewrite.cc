#include "corpus/rewrite.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <tuple>
#include <utility>

#include "base/file.h"
#include "corpus/rewrite_internal.h"
#include "corpus/table_rewrite_internal.h"

namespace cofferdam::corpus {
namespace {

namespace fs = std::filesystem;

constexpr size_t kCopyBytes = size_t{256} << 10;

// Where a given path goes.
struct Target {
  std::string from;  // as the walk shows it: no "./" before, no slash behind
  std::string to;
};

Error Stopped() { return Error(Code::kCancelled, "stopped"); }

// A file that is written.
class Output {
 public:
  static Result<Output> Create(const std::string& path, mode_t mode,
                               const std::atomic<bool>* stop) {
    std::error_code ignored;
    fs::create_directories(fs::path(path).parent_path(), ignored);
    FileDescriptor file(::open(path.c_str(),
                               O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                               (mode & 0777) | S_IWUSR));
    if (!file.valid()) return Error::FromErrno(errno, "write " + path);
    return Output(path, std::move(file), stop);
  }

  Status Put(std::string_view bytes) {
    if (stop_ != nullptr && stop_->load()) return Stopped();
    while (!bytes.empty()) {
      ssize_t put = ::write(file_.get(), bytes.data(), bytes.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return Error::FromErrno(errno, "write " + path_);
      bytes.remove_prefix(static_cast<size_t>(put));
      written_ += static_cast<uint64_t>(put);
    }
    return {};
  }
  Status Close() {
    if (::close(file_.Release()) != 0)
      return Error::FromErrno(errno, "write " + path_);
    return {};
  }
  uint64_t written() const { return written_; }

 private:
  Output(std::string path, FileDescriptor file, const std::atomic<bool>* stop)
      : path_(std::move(path)), file_(std::move(file)), stop_(stop) {}

  std::string path_;
  FileDescriptor file_;
  const std::atomic<bool>* stop_;
  uint64_t written_ = 0;
};

class Rewriter {
 public:
  Rewriter(std::vector<Target> targets, const std::vector<RecordEdit>& edits,
           const RewriteOptions& options)
      : targets_(std::move(targets)), edits_(edits), options_(options) {}

  Result<RewriteCounts> Run(const std::vector<std::string>& paths) {
    TRY_ASSIGN(TreeWalk walk,
               TreeWalk::Open(paths, options_.source.limits.tree));
    size_t used = 0;
    while (auto step = walk.Next()) {
      if (options_.stop != nullptr && options_.stop->load()) return Stopped();
      if (const auto* passed = std::get_if<PassedOver>(&*step)) {
        TRY(CopyPassedOver(*passed));
        continue;
      }
      const auto& document = std::get<Document>(*step);
      Edits edits = EditsOf(document.path);
      used += edits.size();
      TRY(Write(document, edits));
    }
    if (used < edits_.size())
      return Error(Code::kConflict,
                   "a file that was scanned is gone: " + Unused());
    return counts_;
  }

 private:
  Edits EditsOf(const std::string& outer) const {
    auto [begin, end] = std::equal_range(
        edits_.begin(), edits_.end(), outer, [](const auto& a, const auto& b) {
          if constexpr (std::is_same_v<std::decay_t<decltype(a)>, std::string>)
            return a < b.outer;
          else
            return a.outer < b;
        });
    return {begin, end};
  }

  std::string Unused() const {
    for (const RecordEdit& edit : edits_) {
      if (::access(edit.outer.c_str(), F_OK) != 0) return edit.outer;
    }
    return edits_.front().outer;
  }

  // The longest given path that holds `path` says where it goes.
  std::string TargetOf(const std::string& path) const {
    const Target* best = nullptr;
    std::string below;
    for (const Target& target : targets_) {
      if (best != nullptr && target.from.size() < best->from.size()) continue;
      if (path == target.from) {
        best = &target;
        below.clear();
      } else if (target.from.empty()) {
        best = &target;
        below = "/" + path;
      } else if (path.starts_with(target.from) &&
                 (path[target.from.size()] == '/' ||
                  target.from.ends_with('/'))) {
        best = &target;
        below = path.substr(target.from.size());
        if (!below.starts_with('/')) below = "/" + below;
      }
    }
    return best->to + below;
  }

  Status CopyPassedOver(const PassedOver& passed) {
    if (passed.reason == Reason::kSpecial) return {};
    if (passed.reason == Reason::kUnreadable) {
      ++counts_.unreadable;
      return {};
    }
    if (passed.reason == Reason::kSymlink) {
      std::error_code failed;
      fs::path to = TargetOf(passed.path);
      fs::create_directories(to.parent_path(), failed);
      fs::copy_symlink(passed.path, to, failed);
      if (!failed) return {};
      return Error(Code::kUnavailable,
                   fmt::format("copy {}: {}", passed.path, failed.message()));
    }
    return Error(Code::kUnavailable, "copy " + PassedOverText(passed));
  }

  Status Write(const Document& document, Edits edits) {
    FileDescriptor from(::open(document.path.c_str(),
                               O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!from.valid() && edits.empty() && (errno == EACCES || errno == EPERM)) {
      ++counts_.unreadable;
      return {};
    }
    struct stat status;
    if (!from.valid() || ::fstat(from.get(), &status) != 0)
      return Error::FromErrno(errno, "read " + document.path);
    counts_.bytes_read += static_cast<uint64_t>(status.st_size);
    std::string to = TargetOf(document.path);
    if (!edits.empty() && FormatOfName(document.path) == Format::kTable)
      return WriteTable(std::move(from), edits, to);
    TRY_ASSIGN(Output output,
               Output::Create(to, status.st_mode, options_.stop));
    bool kept = true;
    if (edits.empty()) {
      TRY(Copy(std::move(from), &output));
    } else {
      auto place = std::make_shared<FilePlace>();
      place->path = place->outer = document.path;
      TRY_ASSIGN(
          kept,
          RewriteStream(
              PackedFile(ReadDescriptor(std::move(from)), std::move(place)),
              edits, options_, fs::path(to).parent_path().string(),
              [&](std::string_view bytes) { return output.Put(bytes); }));
    }
    TRY(output.Close());
    Count(edits, kept);
    if (kept) {
      counts_.bytes_written += output.written();
    } else if (::unlink(to.c_str()) != 0) {
      return Error::FromErrno(errno, "remove " + to);
    }
    return {};
  }

  Status WriteTable(FileDescriptor from, Edits edits, const std::string& to) {
    std::error_code failed;
    fs::create_directories(fs::path(to).parent_path(), failed);
    TRY_ASSIGN(const std::shared_ptr<const Table> table,
               Table::OpenFile(std::move(from)));
    TRY(RewriteTable(*table, TableChangesOf(edits, options_.style),
                     options_.source, nullptr, to));
    Count(edits, true);
    counts_.bytes_written += fs::file_size(to, failed);
    return {};
  }

  Status Copy(FileDescriptor from, Output* output) {
    auto source = ReadDescriptor(std::move(from));
    std::string bytes(kCopyBytes, '\0');
    for (;;) {
      TRY_ASSIGN(size_t got, source->Read(bytes.data(), bytes.size()));
      if (got == 0) return {};
      TRY(output->Put(std::string_view(bytes).substr(0, got)));
    }
  }

  void Count(Edits edits, bool kept) {
    if (edits.empty()) {
      ++counts_.files_copied;
    } else {
      ++(kept ? counts_.files_changed : counts_.files_dropped);
    }
    for (const RecordEdit& edit : edits)
      ++(edit.drop ? counts_.records_dropped : counts_.records_cut);
  }

  std::vector<Target> targets_;
  const std::vector<RecordEdit>& edits_;
  const RewriteOptions& options_;
  RewriteCounts counts_;
};

Status CheckEdits(const std::vector<RecordEdit>& edits) {
  for (size_t i = 1; i < edits.size(); ++i) {
    const RecordEdit& a = edits[i - 1];
    const RecordEdit& b = edits[i];
    if (a.path == b.path && a.number == b.number) {
      return Error(Code::kInvalid,
                   fmt::format("{}: two edits of record {}", b.path, b.number));
    }
  }
  return {};
}

// Whether files can be made in `folder`, on behalf of `to`.
Status CheckFolder(const std::string& folder, const std::string& to) {
  struct stat status;
  if (::stat(folder.c_str(), &status) != 0)
    return Error::FromErrno(errno, "write " + to);
  if (!S_ISDIR(status.st_mode)) {
    return Error(Code::kInvalid,
                 fmt::format("write {}: {} is no folder", to, folder));
  }
  if (::access(folder.c_str(), W_OK | X_OK) != 0)
    return Error::FromErrno(errno, "write " + to);
  return {};
}

// `to` within a folder that is read would be read, too.
Status CheckTarget(const std::vector<std::string>& paths,
                   const std::string& to) {
  std::error_code failed;
  fs::path target = fs::weakly_canonical(fs::absolute(to), failed);
  for (const std::string& path : paths) {
    fs::path source = fs::weakly_canonical(fs::absolute(path), failed);
    auto [end, ignored] = std::mismatch(source.begin(), source.end(),
                                        target.begin(), target.end());
    if (end == source.end() || (std::next(end) == source.end() && end->empty()))
      return Error(Code::kInvalid,
                   fmt::format("write {}: lies within {}", to, path));
  }
  const bool one_file =
      paths.size() == 1 && !fs::is_directory(paths[0], failed);
  if (fs::exists(target, failed)) {
    if (one_file || !fs::is_directory(target, failed) ||
        !fs::is_empty(target, failed)) {
      return Error(Code::kConflict,
                   fmt::format("write {}: exists already", to));
    }
    return CheckFolder(target.string(), to);
  }
  fs::path folder = target.parent_path();
  while (!fs::exists(folder, failed) && folder.has_relative_path())
    folder = folder.parent_path();
  return CheckFolder(folder.string(), to);
}

// Where a copy is written until it is whole.
class Landing {
 public:
  explicit Landing(const std::string& to) : to_(ShownPath(to)) {
    if (to_.empty()) to_ = ".";
    std::error_code failed;
    // What is there already may be a mount, in whose place nothing can be put.
    in_place_ = fs::exists(to_, failed);
    part_ = in_place_ ? to_ : fmt::format("{}.{}.part", to_, ::getpid());
  }

  const std::string& part() const { return part_; }

  // Where all of it was dropped there is nothing.
  Status Land() const {
    std::error_code failed;
    if (in_place_ || !fs::exists(fs::symlink_status(part_, failed))) return {};
    if (::rename(part_.c_str(), to_.c_str()) == 0) return {};
    return Error::FromErrno(errno, "write " + to_);
  }

  // Takes away what was written; `error` then names what the user named.
  Error Abandon(Error error) const {
    std::error_code failed;
    if (in_place_) {
      std::vector<fs::path> made;
      for (const auto& entry : fs::directory_iterator(part_, failed))
        made.push_back(entry.path());
      for (const fs::path& path : made) fs::remove_all(path, failed);
      return error;
    }
    fs::remove_all(part_, failed);
    std::string message = error.message();
    for (size_t at = 0; (at = message.find(part_, at)) != message.npos;)
      message.replace(at, part_.size(), to_);
    return Error(error.code(), std::move(message));
  }

 private:
  std::string to_;
  std::string part_;
  bool in_place_ = false;
};

Result<std::vector<Target>> Targets(const std::vector<std::string>& paths,
                                    const std::string& to) {
  if (paths.size() == 1) return std::vector<Target>{{ShownPath(paths[0]), to}};
  std::vector<Target> targets;
  for (const std::string& path : paths) {
    fs::path absolute = fs::absolute(path).lexically_normal();
    if (!absolute.has_filename()) absolute = absolute.parent_path();
    targets.push_back(
        {ShownPath(path), to + "/" + absolute.filename().string()});
  }
  std::vector<std::string> names;
  for (const Target& target : targets) names.push_back(target.to);
  std::sort(names.begin(), names.end());
  auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end())
    return Error(Code::kInvalid,
                 fmt::format("two of the paths would become {}", *twice));
  return targets;
}

}  // namespace

Status CheckRewrite(const std::vector<std::string>& paths,
                    const std::string& to, const SourceOptions& source) {
  if (to.empty()) return Error(Code::kInvalid, "write: to no file or folder");
  for (const std::string& path : paths) {
    if (IsPipe(path) || path.find("://") != std::string::npos)
      return Error(Code::kInvalid,
                   fmt::format("write {}: {} can only be read", to, path));
  }
  if (!source.revision.empty())
    return Error(Code::kInvalid,
                 fmt::format("write {}: a revision can only be read", to));
  for (const std::string& name : source.fields) TRY(FieldPattern::Parse(name));
  TRY(CheckTarget(paths, to));
  const auto targets = Targets(paths, to);
  if (!targets.ok()) return targets.error();
  return {};
}

Result<RewriteCounts> Rewrite(const std::vector<std::string>& paths,
                              const std::string& to,
                              std::vector<RecordEdit> edits,
                              const RewriteOptions& options) {
  TRY(CheckRewrite(paths, to, options.source));
  std::sort(edits.begin(), edits.end(),
            [](const RecordEdit& a, const RecordEdit& b) {
              return std::tie(a.outer, a.path, a.number, a.begin) <
                     std::tie(b.outer, b.path, b.number, b.begin);
            });
  TRY(CheckEdits(edits));
  const Landing landing(to);
  TRY_ASSIGN(std::vector<Target> targets, Targets(paths, landing.part()));
  auto counts = Rewriter(std::move(targets), edits, options).Run(paths);
  if (!counts.ok()) return landing.Abandon(std::move(counts).error());
  Status landed = landing.Land();
  if (!landed.ok()) return landing.Abandon(std::move(landed).error());
  return counts;
}

}  // namespace cofferdam::corpus
