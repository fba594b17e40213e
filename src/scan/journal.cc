#include "scan/journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/encoding.h"
#include "base/hash.h"
#include "scan/finding_codec.h"

namespace cofferdam::scan {
namespace {

constexpr std::string_view kMagic = "cofferdam scan journal 1\n";
constexpr size_t kFrameHeadBytes = 8;  // length and checksum
constexpr int64_t kMicrosPerMs = 1000;

enum class StepTag : uint64_t { kFinding = 0, kPassedOver = 1 };

void AppendLittle32(uint32_t value, std::string* out) {
  for (int shift = 0; shift < 32; shift += 8)
    out->push_back(static_cast<char>(value >> shift & 0xff));
}

uint32_t ReadLittle32(std::string_view bytes) {
  uint32_t value = 0;
  for (size_t i = 4; i-- > 0;)
    value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

void AppendText(std::string_view text, std::string* out) {
  AppendVarint(text.size(), out);
  *out += text;
}

// Reads from a frame; what is missing makes it not ok.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  uint64_t Number() {
    std::optional<uint64_t> number = ReadVarint(&rest_);
    ok_ = ok_ && number.has_value();
    return number.value_or(0);
  }
  std::string Text() {
    uint64_t size = Number();
    ok_ = ok_ && size <= rest_.size();
    if (!ok_) return "";
    std::string text(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return text;
  }
  std::string_view* rest() { return &rest_; }
  bool ok() const { return ok_; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

// All members of the counts, in the order of the file.
template <typename Each>
void EachCount(ChunkCounts* counts, const Each& each) {
  auto& [files, records, textless, bytes, tokens, work] = *counts;
  for (uint64_t* count : {&files, &records, &textless, &bytes, &tokens})
    each(count);
  auto& [fingerprints, seeds, outputs, runs, weighed, postings_dropped,
         seeds_dropped, outputs_dropped, runs_dropped] = work;
  for (uint64_t* count :
       {&fingerprints, &seeds, &outputs, &runs, &weighed, &postings_dropped,
        &seeds_dropped, &outputs_dropped, &runs_dropped}) {
    each(count);
  }
}

void AppendStep(const ChunkResult::Step& step, std::string* out) {
  if (const auto* finding = std::get_if<evidence::Finding>(&step)) {
    AppendVarint(static_cast<uint64_t>(StepTag::kFinding), out);
    AppendFinding(*finding, out);
    return;
  }
  const auto& [path, reason, detail, record, records] =
      std::get<corpus::PassedOver>(step);
  AppendVarint(static_cast<uint64_t>(StepTag::kPassedOver), out);
  AppendText(path, out);
  AppendVarint(static_cast<uint64_t>(reason), out);
  AppendText(detail, out);
  AppendVarint(record, out);
  AppendVarint(records, out);
}

Status ReadStep(Reader* reader, std::vector<ChunkResult::Step>* steps) {
  if (reader->Number() == static_cast<uint64_t>(StepTag::kFinding)) {
    TRY_ASSIGN(evidence::Finding finding, ReadFinding(reader->rest()));
    steps->emplace_back(std::move(finding));
    return {};
  }
  corpus::PassedOver passed;
  passed.path = reader->Text();
  passed.reason = static_cast<corpus::Reason>(reader->Number());
  passed.detail = reader->Text();
  passed.record = reader->Number();
  passed.records = reader->Number();
  steps->emplace_back(std::move(passed));
  return {};
}

Status WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<size_t>(written));
    } else if (errno != EINTR) {
      return Error::FromErrno(errno, "write");
    }
  }
  return {};
}

std::string Frame(std::string_view payload) {
  std::string frame;
  frame.reserve(kFrameHeadBytes + payload.size());
  AppendLittle32(static_cast<uint32_t>(payload.size()), &frame);
  AppendLittle32(Crc32(payload), &frame);
  frame += payload;
  return frame;
}

// Frames of a file, one after the other, up to a torn one.
class FrameReader {
 public:
  explicit FrameReader(int fd) : fd_(fd) {}

  // False at the end, and where a frame is not whole.
  bool Next(std::string* payload) {
    std::array<char, kFrameHeadBytes> head;
    if (!Read(head.data(), head.size())) return false;
    const uint32_t size = ReadLittle32({head.data(), 4});
    const uint32_t checksum = ReadLittle32({head.data() + 4, 4});
    if (size > Journal::kFrameBytesMax) return false;
    // Not more memory than the file has bytes.
    struct stat status;
    if (fstat(fd_, &status) != 0 ||
        static_cast<uint64_t>(status.st_size) < end_ + head.size() + size) {
      return false;
    }
    payload->resize(size);
    if (!Read(payload->data(), size) || Crc32(*payload) != checksum)
      return false;
    end_ += head.size() + size;
    return true;
  }
  // Where the last whole frame ends.
  uint64_t end() const { return end_; }

 private:
  bool Read(char* to, size_t size) {
    while (size > 0) {
      ssize_t got = read(fd_, to, size);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return false;
      to += got;
      size -= static_cast<size_t>(got);
    }
    return true;
  }

  int fd_;
  uint64_t end_ = 0;
};

}  // namespace

uint64_t Journal::MixShape(uint64_t before, uint64_t shape) {
  std::array<uint64_t, 2> both = {before, shape};
  return Hash64({reinterpret_cast<const char*>(both.data()), sizeof(both)});
}

Result<std::unique_ptr<Journal>> Journal::Open(const std::string& path,
                                               std::string_view scan_key,
                                               const Clock& clock,
                                               const OnChunk& on_chunk) {
  const std::string context = "journal " + path;
  FileDescriptor fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.valid()) return Error::FromErrno(errno, context);
  if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    return Error(Code::kConflict,
                 context + ": another scan that runs now keeps it");
  }
  std::unique_ptr<Journal> journal(new Journal(path, std::move(fd), clock));
  Status loaded = journal->Load(scan_key, on_chunk);
  if (!loaded.ok()) return std::move(loaded).error().Within(context);
  journal->written_micros_ = journal->synced_micros_ = clock.SteadyMicros();
  return journal;
}

Status Journal::Load(std::string_view scan_key, const OnChunk& on_chunk) {
  FrameReader frames(fd_.get());
  std::string payload;
  const std::string head = std::string(kMagic) + std::string(scan_key);
  if (frames.Next(&payload)) {
    if (!payload.starts_with(kMagic))
      return Error(Code::kCorrupt, "is no journal of a scan");
    if (payload != head) {
      return Error(Code::kInvalid,
                   "is of another scan: other paths or options, or the index "
                   "has grown; remove it to begin again");
    }
    while (frames.Next(&payload)) TRY(Replay(payload, on_chunk));
  } else if (lseek(fd_.get(), 0, SEEK_END) > 0) {
    // A first frame that is torn is the start of one; anything else is not.
    std::array<char, kFrameHeadBytes + kMagic.size()> begin;
    ssize_t got = pread(fd_.get(), begin.data(), begin.size(), 0);
    std::string_view expected = kMagic;
    size_t known = got > static_cast<ssize_t>(kFrameHeadBytes)
                       ? static_cast<size_t>(got) - kFrameHeadBytes
                       : 0;
    if (std::string_view(begin.data() + kFrameHeadBytes, known) !=
        expected.substr(0, known)) {
      return Error(Code::kCorrupt, "is no journal of a scan");
    }
  }
  // What is torn goes, and frames follow behind the last whole one.
  if (ftruncate(fd_.get(), static_cast<off_t>(frames.end())) != 0 ||
      lseek(fd_.get(), 0, SEEK_END) < 0) {
    return Error::FromErrno(errno, "truncate");
  }
  if (frames.end() == 0) TRY(WriteAll(fd_.get(), Frame(head)));
  return {};
}

Status Journal::Replay(std::string_view frame, const OnChunk& on_chunk) {
  Reader reader(frame);
  ChunkResult result;
  const uint64_t chunks = reader.Number();
  const uint64_t shape = reader.Number();
  EachCount(&result.sums.counts,
            [&](uint64_t* count) { *count = reader.Number(); });
  result.sums.first_file = reader.Text();
  result.sums.last_file = reader.Text();
  const uint64_t steps = reader.Number();
  for (uint64_t i = 0; i < steps && reader.ok(); ++i)
    TRY(ReadStep(&reader, &result.steps));
  if (!reader.ok() || !reader.rest()->empty())
    return Error(Code::kCorrupt, "a frame does not hold what it says");
  chunks_ += chunks;
  shape_ = shape;
  on_chunk(std::move(result));
  return {};
}

Status Journal::Add(const ChunkResult& result, uint64_t shape) {
  for (const ChunkResult::Step& step : result.steps) AppendStep(step, &frame_);
  frame_steps_ += result.steps.size();
  sums_.Append(result.sums);
  ++frame_chunks_;
  ++chunks_;
  shape_ = MixShape(shape_, shape);
  const int64_t now = clock_.SteadyMicros();
  if (frame_.size() < kFrameBytes &&
      now - written_micros_ < kWriteEveryMs * kMicrosPerMs) {
    return {};
  }
  written_micros_ = now;
  TRY(WriteFrame());
  if (now - synced_micros_ < kSyncEveryMs * kMicrosPerMs) return {};
  synced_micros_ = now;
  if (fdatasync(fd_.get()) != 0)
    return Error::FromErrno(errno, "journal " + path_);
  return {};
}

Status Journal::WriteFrame() {
  if (frame_chunks_ == 0) return {};
  std::string payload;
  AppendVarint(frame_chunks_, &payload);
  AppendVarint(shape_, &payload);
  EachCount(&sums_.counts,
            [&](const uint64_t* count) { AppendVarint(*count, &payload); });
  AppendText(sums_.first_file, &payload);
  AppendText(sums_.last_file, &payload);
  AppendVarint(frame_steps_, &payload);
  payload += frame_;
  frame_.clear();
  frame_chunks_ = frame_steps_ = 0;
  sums_ = {};
  Status written = WriteAll(fd_.get(), Frame(payload));
  if (!written.ok())
    return std::move(written).error().Within("journal " + path_);
  return {};
}

Status Journal::Close() {
  TRY(WriteFrame());
  if (fdatasync(fd_.get()) != 0)
    return Error::FromErrno(errno, "journal " + path_);
  return {};
}

Journal::~Journal() { (void)WriteFrame(); }

}  // namespace cofferdam::scan
