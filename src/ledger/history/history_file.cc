#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/encoding.h"
#include "base/hash.h"
#include "base/rfc3339.h"
#include "ledger/history/history_reader_internal.h"

// The file under a reader: its lines from where the last reading ended.
namespace cofferdam::ledger {
namespace {

constexpr size_t kReadBytes = size_t{256} << 10;
// Of the beginning and of the end of what was read, to know the file again.
constexpr size_t kKnownBytes = 4096;
// Sessions of Gemini CLI that are one JSON document.
constexpr std::string_view kDocumentSuffix = ".json";

struct Closer {
  void operator()(FILE* file) const { std::fclose(file); }
};

class HistoryFile {
 public:
  static Result<HistoryFile> Open(const std::string& path) {
    HistoryFile file;
    file.path_ = path;
    struct stat info;
    if (stat(path.c_str(), &info) != 0) return Error::FromErrno(errno, path);
    // A pipe would hold us up for ever.
    if (!S_ISREG(info.st_mode)) {
      return Error(Code::kInvalid, path + ": is no file");
    }
    file.size_ = static_cast<uint64_t>(info.st_size);
    file.changed_micros_ = int64_t{info.st_mtim.tv_sec} * 1'000'000 +
                           int64_t{info.st_mtim.tv_nsec} / 1000;
    file.file_.reset(std::fopen(path.c_str(), "rbe"));
    if (file.file_ == nullptr) return Error::FromErrno(errno, path);
    return file;
  }

  uint64_t size() const { return size_; }
  int64_t changed_micros() const { return changed_micros_; }

  // A digest of `bytes` bytes from `offset` on; empty where there are fewer.
  Result<std::string> Digest(uint64_t offset, size_t bytes) {
    TRY(Seek(offset, 0));
    std::string read(bytes, '\0');
    read.resize(std::fread(read.data(), 1, bytes, file_.get()));
    if (std::ferror(file_.get()) != 0) return Error::FromErrno(errno, path_);
    if (read.size() < bytes) return std::string();
    std::string key;
    AppendBigEndian64(Hash64(read), &key);
    return ToHex(AsBytes(key));
  }

  // Lines are read from there on, and have numbers after `line`.
  Status Seek(uint64_t offset, int64_t line) {
    if (fseeko(file_.get(), static_cast<off_t>(offset), SEEK_SET) != 0) {
      return Error::FromErrno(errno, path_);
    }
    buffer_.clear();
    begin_ = 0;
    offset_ = offset;
    number_ = line;
    ended_ = false;
    return {};
  }

  struct Line {
    HistoryReader::Line line;
    bool cut = false;    // longer than kHistoryLineBytesMax, without text
    bool whole = false;  // it has its end
  };
  // Valid until the next; none at the end.
  Result<std::optional<Line>> Next() {
    Line out;
    out.line.number = number_ + 1;
    out.line.offset = offset_;
    size_t looked = begin_;
    while (true) {
      const size_t end = buffer_.find('\n', looked);
      if (end != std::string::npos) {
        out.whole = true;
        return End(out, end, 1);
      }
      if (buffer_.size() - begin_ > kHistoryLineBytesMax) {
        out.cut = true;
        offset_ += buffer_.size() - begin_;
        buffer_.clear();
        begin_ = 0;
      }
      buffer_.erase(0, begin_);
      begin_ = 0;
      looked = buffer_.size();
      if (!ended_) TRY(Fill());
      if (ended_ && buffer_.size() == looked) {
        if (buffer_.empty() && !out.cut) return std::optional<Line>();
        return End(out, buffer_.size(), 0);
      }
    }
  }

  // Where the next line would begin.
  HistoryReader::Line here() const { return {number_, offset_, {}}; }

 private:
  std::optional<Line> End(Line out, size_t end, size_t end_bytes) {
    out.cut |= end - begin_ > kHistoryLineBytesMax;
    if (!out.cut) {
      out.line.text = std::string_view(buffer_).substr(begin_, end - begin_);
    }
    offset_ += end - begin_ + end_bytes;
    begin_ = end + end_bytes;
    ++number_;
    return out;
  }

  Status Fill() {
    const size_t before = buffer_.size();
    buffer_.resize(before + kReadBytes);
    const size_t read =
        std::fread(buffer_.data() + before, 1, kReadBytes, file_.get());
    buffer_.resize(before + read);
    if (std::ferror(file_.get()) != 0) return Error::FromErrno(errno, path_);
    ended_ = read < kReadBytes;
    return {};
  }

  std::string path_;
  std::unique_ptr<FILE, Closer> file_;
  uint64_t size_ = 0;
  int64_t changed_micros_ = 0;
  std::string buffer_;
  size_t begin_ = 0;
  uint64_t offset_ = 0;
  int64_t number_ = 0;
  bool ended_ = false;
};

std::unique_ptr<HistoryReader> MakeReader(const HistorySource& source) {
  switch (source.agent) {
    case HistoryAgent::kClaudeCode:
      return MakeClaudeReader(source);
    case HistoryAgent::kCodex:
      return MakeCodexReader(source);
    case HistoryAgent::kGemini:
      return MakeGeminiReader(source);
    case HistoryAgent::kAider:
      return MakeAiderReader(source);
    case HistoryAgent::kCofferdamCode:
      return MakeCodeReader(source);
    case HistoryAgent::kOpencode:
      break;
  }
  CHECK(false);
  return nullptr;
}

Status HandOver(HistoryReader& reader, HistorySink& sink) {
  for (HistoryProblem& problem : reader.TakeProblems()) {
    sink.Note(std::move(problem));
  }
  for (auto& [exchange, line] : reader.TakeExchanges()) {
    TRY(sink.Take(std::move(exchange), line));
  }
  return {};
}

// Whether the file still begins with what was read of it.
Result<bool> IsTheSame(HistoryFile& file, const HistoryMark& mark) {
  if (mark.offset == 0 || mark.offset > file.size()) return false;
  const size_t known = std::min<uint64_t>(mark.offset, kKnownBytes);
  TRY_ASSIGN(const std::string head, file.Digest(0, known));
  TRY_ASSIGN(const std::string tail, file.Digest(mark.offset - known, known));
  return head == mark.head && tail == mark.tail;
}

Status SetKnown(HistoryFile& file, HistoryMark* mark) {
  if (mark->offset == 0) return {};
  const size_t known = std::min<uint64_t>(mark->offset, kKnownBytes);
  TRY_ASSIGN(mark->head, file.Digest(0, known));
  TRY_ASSIGN(mark->tail, file.Digest(mark->offset - known, known));
  return {};
}

// The last of what was read before may be quoted by what comes.
Status Remember(HistoryFile& file, uint64_t end, HistoryReader& reader) {
  const uint64_t begin =
      end > GivenTexts::kBytesMax ? end - GivenTexts::kBytesMax : 0;
  TRY(file.Seek(begin, 0));
  // The first line may be half of one.
  bool whole = begin == 0;
  while (file.here().offset < end) {
    TRY_ASSIGN(const auto line, file.Next());
    if (!line) break;
    if (whole && !line->cut) reader.Remember(line->line.text);
    whole = true;
  }
  return {};
}

// The whole file as one line.
Result<HistoryRead> ReadDocument(const HistorySource& source, HistoryFile& file,
                                 HistoryRead read, HistorySink& sink) {
  const auto reader = MakeReader(source);
  read.rows = 1;
  if (file.size() > kHistoryLineBytesMax) {
    sink.Note({0, fmt::format("{} bytes, at most {}", file.size(),
                              kHistoryLineBytesMax)});
    return read;
  }
  std::string text;
  TRY(file.Seek(0, 0));
  while (true) {
    TRY_ASSIGN(const auto line, file.Next());
    if (!line) break;
    text.append(line->line.text).push_back('\n');
  }
  reader->Take({1, 0, text});
  reader->Finish(HistoryReader::End::kSettled, file.here());
  TRY(HandOver(*reader, sink));
  read.passed_over = reader->passed_over();
  return read;
}

Status ReadLines(HistoryFile& file, HistoryReader& reader,
                 HistoryReader::End end, HistoryRead* read, HistorySink& sink) {
  HistoryReader::Line next = file.here();
  bool half = false;
  while (true) {
    TRY_ASSIGN(const auto line, file.Next());
    if (!line) break;
    // Somebody is writing it.
    half = !line->whole && end == HistoryReader::End::kMayGrow;
    if (half) break;
    ++read->rows;
    if (line->cut) {
      sink.Note({line->line.number,
                 fmt::format("longer than {} bytes", kHistoryLineBytesMax)});
    } else if (!line->line.text.empty() || reader.WantsBlankLines()) {
      reader.Take(line->line);
    }
    next = file.here();
    TRY(HandOver(reader, sink));
  }
  reader.Finish(end, next);
  TRY(HandOver(reader, sink));
  read->mark.offset = reader.resume().offset;
  read->mark.line = reader.resume().line;
  read->mark.context = reader.resume().context;
  read->mark.held = reader.held() || half;
  read->passed_over = reader.passed_over();
  return {};
}

// Every answer within its limits.
class Bounded : public HistorySink {
 public:
  explicit Bounded(HistorySink& sink) : sink_(sink) {}
  Status Take(HistoryExchange exchange, int64_t line) override {
    BoundHistoryExchange(&exchange);
    return sink_.Take(std::move(exchange), line);
  }
  void Note(HistoryProblem problem) override { sink_.Note(std::move(problem)); }

 private:
  HistorySink& sink_;
};

}  // namespace

void HistoryReader::Give(HistoryExchange exchange, int64_t line,
                         uint64_t given_before) {
  // A row that used nothing and says nothing is no answer.
  if (exchange.parts.empty() &&
      exchange.usage_source == wire::UsageSource::kNone) {
    return;
  }
  exchange.given =
      given_.QuotedBy(exchange.parts, given_before, kHistoryGivenBytesMax);
  ready_.emplace_back(std::move(exchange), line);
}

int64_t HistoryTime(const JsonValue& value) {
  const auto micros = ParseRfc3339(value.StringOrEmpty());
  return micros.ok() ? std::max<int64_t>(*micros, 0) : 0;
}

bool SaysAssistant(const JsonValue& row) {
  return row["message"]["role"].StringOrEmpty() == "assistant";
}

Result<HistoryRead> ReadHistory(const HistorySource& source,
                                const HistoryMark& from, int64_t now_micros,
                                HistorySink& sink) {
  Bounded bounded(sink);
  if (source.agent == HistoryAgent::kOpencode) {
    return ReadOpencode(source, from, now_micros, bounded);
  }
  TRY_ASSIGN(HistoryFile file, HistoryFile::Open(source.path));
  const bool settled =
      now_micros - file.changed_micros() >= kHistorySettledMicros;
  HistoryRead read;
  read.mark.size = file.size();
  read.mark.changed_micros = file.changed_micros();
  if (from.size == file.size() && from.size > 0 &&
      from.changed_micros == file.changed_micros() && !(from.held && settled)) {
    read.mark = from;
    read.unchanged = true;
    return read;
  }
  if (source.agent == HistoryAgent::kGemini &&
      source.path.ends_with(kDocumentSuffix)) {
    return ReadDocument(source, file, std::move(read), bounded);
  }
  const auto reader = MakeReader(source);
  TRY_ASSIGN(const bool same, IsTheSame(file, from));
  if (same) {
    reader->Resume(from.context);
    TRY(Remember(file, from.offset, *reader));
    TRY(file.Seek(from.offset, from.line));
  } else {
    TRY(file.Seek(0, 0));
  }
  TRY(ReadLines(
      file, *reader,
      settled ? HistoryReader::End::kSettled : HistoryReader::End::kMayGrow,
      &read, bounded));
  TRY(SetKnown(file, &read.mark));
  return read;
}

}  // namespace cofferdam::ledger
