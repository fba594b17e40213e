#include "agent/session/session_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "agent/session/session_reader.h"
#include "base/check.h"

namespace cofferdam::agent {
namespace {

std::string FolderOfSession(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

// Takes hold of an open session for this object alone.
Status Hold(int fd, const std::string& path) {
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) return {};
  if (errno != EWOULDBLOCK) return Error::FromErrno(errno, "lock " + path);
  return Error(Code::kConflict,
               "this session is open in another process (or another window of "
               "this one); end it there, or go on in a copy with --fork");
}

}  // namespace

std::unique_ptr<SessionFile> SessionFile::New(std::string path,
                                              SessionBegin begin,
                                              const Clock& clock,
                                              const SessionFileLimits& limits) {
  return std::unique_ptr<SessionFile>(
      new SessionFile(std::move(path), std::move(begin), clock, limits));
}

Result<std::unique_ptr<SessionFile>> SessionFile::Open(
    std::string path, const Clock& clock, SessionState* state,
    const SessionFileLimits& limits) {
  FileDescriptor file(open(path.c_str(), O_RDWR | O_APPEND | O_CLOEXEC));
  if (!file.valid()) return Error::FromErrno(errno, "open " + path);
  TRY(Hold(file.get(), path));
  struct stat info;
  if (fstat(file.get(), &info) != 0) {
    return Error::FromErrno(errno, "open " + path);
  }
  // Deleted between the two.
  if (info.st_nlink == 0) return Error::FromErrno(ENOENT, "open " + path);
  std::unique_ptr<SessionFile> session(
      new SessionFile(std::move(path), {}, clock, limits));
  session->file_ = std::move(file);
  TRY_ASSIGN(*state, session->Load());
  return session;
}

Status SessionFile::Delete(const std::string& path) {
  FileDescriptor file(open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!file.valid()) return Error::FromErrno(errno, "open " + path);
  TRY(Hold(file.get(), path));
  if (unlink(path.c_str()) != 0) {
    return Error::FromErrno(errno, "delete " + path);
  }
  return {};
}

Result<SessionState> SessionFile::Load() {
  TRY_ASSIGN(SessionRead read, ReadSession(file_.get(), path_));
  if (read.torn_bytes > 0 &&
      ftruncate(file_.get(), static_cast<off_t>(read.bytes)) != 0) {
    return Error::FromErrno(errno, "cut " + path_);
  }
  SessionState& state = read.state;
  begin_ = state.begin;
  size_ = read.bytes;
  turn_ = state.turns;
  profile_ = state.profile;
  points_ = std::move(read.points);
  snapshots_.clear();
  for (auto& [turn, id] : read.snapshots) {
    snapshots_.push_back({.turn = turn, .id = std::move(id)});
  }
  open_calls_.clear();
  messages_ = state.messages.size();
  if (read.mended_from) {
    const auto from = static_cast<ptrdiff_t>(*read.mended_from);
    const std::vector<Message> mended(state.messages.begin() + from,
                                      state.messages.end());
    TRY(Write(ReplaceLine(*read.mended_from, read.messages_in_file, mended,
                          "mended", messages_, clock_.WallMicros())));
  }
  return std::move(read.state);
}

Status SessionFile::Create(const std::string& first_words) {
  TRY(MakeFolder(FolderOfSession(path_), 0700));
  FileDescriptor file(open(
      path_.c_str(), O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file.valid()) return Error::FromErrno(errno, "make " + path_);
  TRY(Hold(file.get(), path_));
  file_ = std::move(file);
  begin_.at_micros = clock_.WallMicros();
  begin_.title = FirstWords(first_words, kSessionTitleBytesMax);
  Status written = Write(BeginLine(begin_));
  if (written.ok() && !profile_.empty()) {
    written = Write(ModelLine(begin_.model, profile_, 0, clock_.WallMicros()));
  }
  if (written.ok() && !early_plan_.empty()) {
    written = Write(PlanLine(early_plan_, 0, clock_.WallMicros()));
  }
  if (!written.ok()) {
    // Nothing of it was said to be kept.
    unlink(path_.c_str());
    file_.Reset(-1);
    size_ = 0;
  }
  return written;
}

Status SessionFile::Write(const std::string& line) {
  if (line.size() > limits_.line_bytes_max) {
    return Error(Code::kTooLarge,
                 fmt::format("keep the session: an entry of {} bytes; at most "
                             "{} are kept in one",
                             line.size(), limits_.line_bytes_max));
  }
  if (size_ + line.size() > limits_.file_bytes_max) {
    return Error(Code::kExhausted,
                 fmt::format("keep the session: {} would grow beyond {} bytes; "
                             "begin a new session",
                             path_, limits_.file_bytes_max));
  }
  ssize_t n;
  do {
    n = write(file_.get(), line.data(), line.size());
  } while (n < 0 && errno == EINTR);
  if (n == static_cast<ssize_t>(line.size())) {
    size_ += line.size();
    return {};
  }
  // A disk that ran full takes a part: what is not whole does not stay.
  const int error = n < 0 ? errno : ENOSPC;
  if (ftruncate(file_.get(), static_cast<off_t>(size_)) != 0) {
    return Error::FromErrno(errno, "cut " + path_);
  }
  return Error::FromErrno(error, "keep the session in " + path_);
}

Status SessionFile::WriteUnlessNew(const std::string& line) {
  if (!file_.valid()) return {};
  return Write(line);
}

Status SessionFile::CheckOpenCalls() const {
  if (open_calls_.empty()) return {};
  return Error(Code::kInvalid,
               fmt::format("keep the session: the call {} has no outcome yet",
                           *open_calls_.begin()));
}

void SessionFile::set_system_digest(std::string digest) {
  begin_.system_digest = std::move(digest);
}

Status SessionFile::AppendPrompt(const std::string& text,
                                 const std::string& note) {
  TRY(CheckOpenCalls());
  if (!file_.valid()) TRY(Create(text));
  const int64_t now = clock_.WallMicros();
  TRY(Write(PromptLine(turn_ + 1, messages_ + 1, now, text, note)));
  ++turn_;
  ++messages_;
  points_.push_back(
      {.turn = turn_, .text = FirstWords(text, 200), .time_micros = now});
  return {};
}

Status SessionFile::Append(const Message& message,
                           std::span<const std::string> changed) {
  if (!file_.valid()) {
    return Error(Code::kInvalid,
                 "keep the session: it begins with a prompt of the user");
  }
  const bool outcome = message.role == Message::Role::kTool;
  if (!outcome) TRY(CheckOpenCalls());
  if (outcome && !open_calls_.contains(message.call_id)) {
    return Error(Code::kInvalid,
                 fmt::format("keep the session: an outcome of {}, which is no "
                             "call that waits for one",
                             message.call_id));
  }
  TRY(Write(MessageLine(message, changed, messages_ + 1, clock_.WallMicros())));
  ++messages_;
  if (outcome) open_calls_.erase(message.call_id);
  for (const ToolCall& call : message.calls) open_calls_.insert(call.id);
  return {};
}

Status SessionFile::AppendFiles(const std::string& snapshot) {
  TRY(WriteUnlessNew(
      FilesLine(turn_, snapshot, messages_, clock_.WallMicros())));
  snapshots_.push_back({.turn = turn_, .id = snapshot});
  return {};
}

Status SessionFile::AppendReplace(uint64_t from, uint64_t to,
                                  std::span<const Message> replacement,
                                  std::string_view why) {
  TRY(CheckOpenCalls());
  if (from > to || to > messages_) {
    return Error(Code::kInvalid,
                 fmt::format("keep the session: messages {} to {} of {}", from,
                             to, messages_));
  }
  const uint64_t after = messages_ - (to - from) + replacement.size();
  TRY(WriteUnlessNew(
      ReplaceLine(from, to, replacement, why, after, clock_.WallMicros())));
  messages_ = after;
  return {};
}

Status SessionFile::AppendModel(const std::string& model,
                                const std::string& profile) {
  TRY(WriteUnlessNew(
      ModelLine(model, profile, messages_, clock_.WallMicros())));
  if (!file_.valid()) begin_.model = model;
  profile_ = profile;
  return {};
}

Status SessionFile::AppendMode(Mode mode) {
  if (!file_.valid()) begin_.mode = mode;
  return WriteUnlessNew(ModeLine(mode, messages_, clock_.WallMicros()));
}

Status SessionFile::AppendPlan(std::span<const PlanEntry> plan) {
  if (!file_.valid()) early_plan_.assign(plan.begin(), plan.end());
  return WriteUnlessNew(PlanLine(plan, messages_, clock_.WallMicros()));
}

Status SessionFile::AppendMeter(const Meter& meter) {
  return WriteUnlessNew(MeterLine(meter, messages_, clock_.WallMicros()));
}

Status SessionFile::AppendEnd(std::string_view how, std::string_view why) {
  return WriteUnlessNew(
      EndLine(turn_, how, why, messages_, clock_.WallMicros()));
}

std::vector<RewindPoint> SessionFile::Points() const {
  std::vector<RewindPoint> points = points_;
  for (RewindPoint& point : points) {
    point.files = SnapshotBefore(point.turn).has_value();
  }
  return points;
}

std::optional<std::string> SessionFile::SnapshotBefore(uint64_t turn) const {
  for (const Snapshot& snapshot : snapshots_) {
    if (snapshot.turn >= turn) return snapshot.id;
  }
  return std::nullopt;
}

Result<SessionState> SessionFile::Rewind(uint64_t turn, RewindOf what) {
  const bool known =
      std::any_of(points_.begin(), points_.end(),
                  [&](const RewindPoint& point) { return point.turn == turn; });
  if (!known || !file_.valid()) {
    return Error(Code::kNotFound,
                 fmt::format("this session has no turn {} to go back to; it "
                             "has {}",
                             turn, turn_));
  }
  TRY(Write(RewindLine(turn, what, messages_, clock_.WallMicros())));
  return Load();
}

}  // namespace cofferdam::agent
