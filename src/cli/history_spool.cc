#include "cli/history_spool.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>
#include <utility>

#include "base/encoding.h"
#include "base/hash.h"

namespace cofferdam::cli {
namespace {

constexpr size_t kDigestCharacters = 16;
constexpr size_t kReadBytes = size_t{1} << 20;
constexpr size_t kBeginBytesMax = 32;

std::string DigestOf(std::string_view text) {
  std::string bytes;
  AppendBigEndian64(Hash64(text), &bytes);
  return ToHex(AsBytes(bytes));
}

std::string LineOf(const HistorySpool::Record& record) {
  std::string from = record.from;
  // What ends a field or a line.
  std::replace_if(
      from.begin(), from.end(), [](char c) { return c == '\t' || c == '\n'; },
      ' ');
  const std::string rest = from + "\t" + record.json;
  return DigestOf(rest) + "\t" + rest + "\n";
}

// None for a line that is damaged. Without its end.
std::optional<HistorySpool::Record> ReadLine(std::string_view line) {
  if (line.size() <= kDigestCharacters || line[kDigestCharacters] != '\t') {
    return std::nullopt;
  }
  const std::string_view rest = line.substr(kDigestCharacters + 1);
  const size_t tab = rest.find('\t');
  if (tab == std::string_view::npos ||
      DigestOf(rest) != line.substr(0, kDigestCharacters)) {
    return std::nullopt;
  }
  return HistorySpool::Record{std::string(rest.substr(0, tab)),
                              std::string(rest.substr(tab + 1))};
}

// Reads lines of a file that does not change meanwhile.
class Lines {
 public:
  Lines(int fd, uint64_t begin, uint64_t end)
      : fd_(fd), at_(begin), read_to_(begin), end_(end) {}

  // The next, with its end cut off; none behind the last.
  Result<std::optional<std::string_view>> Next() {
    size_t looked = from_;
    while (true) {
      const size_t end = buffer_.find('\n', looked);
      if (end != std::string::npos) {
        const auto line = std::string_view(buffer_).substr(from_, end - from_);
        at_ += line.size() + 1;
        from_ = end + 1;
        return std::optional(line);
      }
      if (read_to_ == end_) return std::optional<std::string_view>();
      buffer_.erase(0, from_);
      from_ = 0;
      looked = buffer_.size();
      const size_t want = std::min<uint64_t>(kReadBytes, end_ - read_to_);
      buffer_.resize(looked + want);
      const ssize_t got = pread(fd_, buffer_.data() + looked, want,
                                static_cast<off_t>(read_to_));
      if (got <= 0) return Error::FromErrno(got < 0 ? errno : EIO, "spool");
      buffer_.resize(looked + static_cast<size_t>(got));
      read_to_ += static_cast<uint64_t>(got);
    }
  }
  // Behind the line that came last.
  uint64_t at() const { return at_; }

 private:
  const int fd_;
  uint64_t at_;
  uint64_t read_to_;
  const uint64_t end_;
  std::string buffer_;
  size_t from_ = 0;
};

Status WriteAll(int fd, std::string_view data, uint64_t offset,
                const std::string& path) {
  while (!data.empty()) {
    const ssize_t wrote =
        pwrite(fd, data.data(), data.size(), static_cast<off_t>(offset));
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return Error::FromErrno(errno, path);
    data.remove_prefix(static_cast<size_t>(wrote));
    offset += static_cast<uint64_t>(wrote);
  }
  return {};
}

}  // namespace

Result<HistorySpool> HistorySpool::Open(const std::string& folder,
                                        uint64_t bytes_max) {
  TRY(MakeFolder(folder, 0700));
  auto lock = FileLock::Acquire(folder + "/LOCK");
  if (!lock.ok()) {
    return std::move(lock).error().Within(
        "another import works with this spool");
  }
  HistorySpool spool(folder + "/spool", *std::move(lock), bytes_max);
  spool.file_.Reset(
      ::open(spool.path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!spool.file_.valid()) return Error::FromErrno(errno, spool.path_);
  TRY(spool.Recover());
  return spool;
}

// A line without its end was being written when the process died.
Status HistorySpool::Recover() {
  struct stat info;
  if (fstat(file_.get(), &info) != 0) return Error::FromErrno(errno, path_);
  end_ = static_cast<uint64_t>(info.st_size);
  const auto text = ReadFile(path_ + ".sent", kBeginBytesMax);
  if (text.ok()) {
    std::from_chars(text->data(), text->data() + text->size(), begin_);
  } else if (text.error().code() != Code::kNotFound) {
    return text.error();
  }
  // Of a spool that was emptied since.
  if (begin_ > end_) begin_ = 0;
  Lines lines(file_.get(), begin_, end_);
  while (true) {
    TRY_ASSIGN(const auto line, lines.Next());
    if (!line) break;
  }
  if (lines.at() != end_ &&
      ftruncate(file_.get(), static_cast<off_t>(lines.at())) != 0) {
    return Error::FromErrno(errno, path_);
  }
  end_ = lines.at();
  return {};
}

Status HistorySpool::SetBegin(uint64_t begin) {
  begin_ = begin;
  TRY(WriteFileAtomically(path_ + ".sent", std::to_string(begin_) + "\n",
                          0600));
  if (begin_ < end_) return {};
  // In this order: were we killed in between, all of it would be sent again.
  TRY(WriteFileAtomically(path_ + ".sent", "0\n", 0600));
  if (ftruncate(file_.get(), 0) != 0) return Error::FromErrno(errno, path_);
  begin_ = end_ = 0;
  return {};
}

Status HistorySpool::Append(const std::vector<Record>& records) {
  std::string data;
  for (const Record& record : records) data += LineOf(record);
  if (end_ + data.size() > bytes_max_) {
    return Error(Code::kExhausted,
                 fmt::format("{}: {} bytes wait for the gate, at most {}",
                             path_, waiting_bytes(), bytes_max_));
  }
  TRY(WriteAll(file_.get(), data, end_, path_));
  if (fdatasync(file_.get()) != 0) return Error::FromErrno(errno, path_);
  end_ += data.size();
  return {};
}

Status HistorySpool::Drain(size_t records_max, size_t bytes_max,
                           const Send& send) {
  Lines lines(file_.get(), begin_, end_);
  std::vector<Record> batch;
  size_t bytes = 0;
  uint64_t batch_end = begin_;
  const auto flush = [&]() -> Status {
    if (!batch.empty()) TRY(send(batch));
    batch.clear();
    bytes = 0;
    return SetBegin(batch_end);
  };
  while (begin_ < end_) {
    TRY_ASSIGN(const auto line, lines.Next());
    if (!line) break;
    auto record = ReadLine(*line);
    const uint64_t line_end = lines.at();
    if (!record) {
      ++damaged_;
      batch_end = line_end;
      continue;
    }
    const bool full =
        batch.size() == records_max || bytes + record->json.size() > bytes_max;
    if (full && !batch.empty()) TRY(flush());
    bytes += record->json.size();
    batch.push_back(*std::move(record));
    batch_end = line_end;
  }
  if (batch_end > begin_) TRY(flush());
  return {};
}

Result<uint64_t> HistorySpool::CountWaiting() const {
  Lines lines(file_.get(), begin_, end_);
  uint64_t count = 0;
  while (true) {
    TRY_ASSIGN(const auto line, lines.Next());
    if (!line) return count;
    ++count;
  }
}

}  // namespace cofferdam::cli
