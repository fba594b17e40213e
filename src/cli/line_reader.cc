#include "cli/line_reader.h"

#include <sys/stat.h>

#include <cerrno>
#include <utility>

namespace cofferdam::cli {
namespace {

constexpr size_t kReadBytes = size_t{1} << 20;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

void LineReader::Closer::operator()(FILE* file) const {
  if (file != stdin) std::fclose(file);
}

LineReader::LineReader(std::string name, std::unique_ptr<FILE, Closer> file)
    : name_(std::move(name)), file_(std::move(file)) {}

Result<LineReader> LineReader::Open(const std::string& file) {
  std::unique_ptr<FILE, Closer> opened(
      file == "-" ? stdin : std::fopen(file.c_str(), "rbe"));
  if (opened == nullptr) return Error::FromErrno(errno, file);
  struct stat info;
  if (fstat(fileno(opened.get()), &info) == 0 && S_ISDIR(info.st_mode)) {
    return Error(Code::kInvalid, file + ": is a folder; name its files");
  }
  LineReader reader(file, std::move(opened));
  TRY(reader.Fill());
  if (reader.buffer_.starts_with(kByteOrderMark)) {
    reader.begin_ = kByteOrderMark.size();
  }
  return reader;
}

Result<bool> LineReader::Fill() {
  buffer_.erase(0, begin_);
  begin_ = 0;
  const size_t before = buffer_.size();
  buffer_.resize(before + kReadBytes);
  const size_t read =
      std::fread(buffer_.data() + before, 1, kReadBytes, file_.get());
  buffer_.resize(before + read);
  if (read == 0 && std::ferror(file_.get()) != 0) {
    return Error::FromErrno(errno, name_);
  }
  return read > 0;
}

Result<std::optional<LineReader::Line>> LineReader::Next(size_t bytes_max) {
  Line line;
  size_t looked = begin_;  // before it there is no end of the line
  while (true) {
    const size_t end = buffer_.find('\n', looked);
    if (end != std::string::npos) {
      line.number = ++number_;
      line.cut |= end - begin_ > bytes_max;
      line.text = std::string_view(buffer_).substr(begin_, end - begin_);
      if (line.cut) line.text = {};
      begin_ = end + 1;
      return std::optional(line);
    }
    if (buffer_.size() - begin_ > bytes_max) {
      line.cut = true;
      buffer_.clear();
      begin_ = 0;
    }
    const size_t kept = buffer_.size() - begin_;
    TRY_ASSIGN(const bool more, Fill());
    looked = kept;
    if (more) continue;
    if (buffer_.empty() && !line.cut) return std::optional<Line>();
    line.number = ++number_;
    line.text = line.cut ? std::string_view() : std::string_view(buffer_);
    begin_ = buffer_.size();
    return std::optional(line);
  }
}

}  // namespace cofferdam::cli
