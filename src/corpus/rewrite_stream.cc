#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/codec.h"
#include "base/file.h"
#include "corpus/decoded_source_internal.h"
#include "corpus/rewrite_internal.h"
#include "corpus/table_rewrite_internal.h"
#include "corpus/tar_header_internal.h"
#include "corpus/utf16_internal.h"

namespace cofferdam::corpus {
namespace {

constexpr size_t kCopyBytes = size_t{256} << 10;
// A member of an archive whose new size is not known yet waits in memory up to
// this, then in a file.
constexpr size_t kSpoolBytes = size_t{64} << 20;

// Bytes that wait until all are there.
class Spool {
 public:
  explicit Spool(std::string folder) : folder_(std::move(folder)) {}

  Status Put(std::string_view bytes) {
    size_ += bytes.size();
    if (!file_.valid() && memory_.size() + bytes.size() <= kSpoolBytes) {
      memory_ += bytes;
      return {};
    }
    if (!file_.valid()) {
      std::string path = folder_ + "/.cofferdam-spool-XXXXXX";
      file_ = FileDescriptor(::mkstemp(path.data()));
      if (!file_.valid()) return Error::FromErrno(errno, path);
      ::unlink(path.c_str());
      TRY(Write(memory_));
      memory_ = {};
    }
    return Write(bytes);
  }
  uint64_t size() const { return size_; }

  Status CopyTo(const ByteSink& sink) {
    if (!file_.valid()) return sink(memory_);
    if (::lseek(file_.get(), 0, SEEK_SET) < 0)
      return Error::FromErrno(errno, "spool");
    auto source = ReadDescriptor(std::move(file_));
    std::string bytes(kCopyBytes, '\0');
    for (;;) {
      TRY_ASSIGN(size_t got, source->Read(bytes.data(), bytes.size()));
      if (got == 0) return {};
      TRY(sink(std::string_view(bytes).substr(0, got)));
    }
  }

 private:
  Status Write(std::string_view bytes) {
    while (!bytes.empty()) {
      ssize_t put = ::write(file_.get(), bytes.data(), bytes.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return Error::FromErrno(errno, "spool");
      bytes.remove_prefix(static_cast<size_t>(put));
    }
    return {};
  }

  std::string folder_;
  std::string memory_;
  FileDescriptor file_;
  uint64_t size_ = 0;
};

// Reads a file forward, some of it to `sink`, some of it aside.
class Copier {
 public:
  Copier(ByteSource* source, const ByteSink& sink)
      : source_(source), sink_(sink), buffer_(kCopyBytes, '\0') {}

  uint64_t at() const { return at_; }

  // Copies up to `end`, or to the end of the file. False if that came before.
  Result<bool> CopyTo(uint64_t end) {
    while (at_ < end) {
      TRY_ASSIGN(bool more, Fill());
      if (!more) return false;
      auto size =
          static_cast<size_t>(std::min<uint64_t>(end - at_, rest_.size()));
      TRY(sink_(rest_.substr(0, size)));
      Take(size);
    }
    return true;
  }
  // As CopyTo, but holds back the separators before `end`.
  Result<bool> CopyToHolding(uint64_t end, std::string* held) {
    while (at_ < end) {
      TRY_ASSIGN(bool more, Fill());
      if (!more) return false;
      auto size =
          static_cast<size_t>(std::min<uint64_t>(end - at_, rest_.size()));
      std::string_view piece = rest_.substr(0, size);
      size_t kept = piece.find_last_not_of(" \t\r\n,") + 1;
      if (kept > 0) {
        TRY(sink_(*held));
        held->clear();
        TRY(sink_(piece.substr(0, kept)));
      }
      *held += piece.substr(kept);
      Take(size);
    }
    return true;
  }
  // The bytes up to `end`, with padding for a JSON reader behind them; fewer at
  // the end of the file.
  Result<std::string> ReadTo(uint64_t end) {
    std::string bytes;
    while (at_ < end) {
      TRY_ASSIGN(bool more, Fill());
      if (!more) break;
      auto size =
          static_cast<size_t>(std::min<uint64_t>(end - at_, rest_.size()));
      bytes += rest_.substr(0, size);
      Take(size);
    }
    return bytes;
  }
  // The next byte without taking it; none at the end.
  Result<std::optional<char>> Peek() {
    TRY_ASSIGN(bool more, Fill());
    if (!more) return std::optional<char>();
    return std::optional<char>(rest_[0]);
  }
  void Take(size_t bytes) {
    rest_.remove_prefix(bytes);
    at_ += bytes;
  }

 private:
  Result<bool> Fill() {
    if (!rest_.empty()) return true;
    TRY_ASSIGN(size_t got, source_->Read(buffer_.data(), buffer_.size()));
    rest_ = std::string_view(buffer_).substr(0, got);
    return got > 0;
  }

  ByteSource* source_;
  const ByteSink& sink_;
  std::string buffer_;
  std::string_view rest_;
  uint64_t at_ = 0;
};

// The white space that comes next, taken.
Result<std::string> TakeSpace(Copier* copier) {
  std::string space;
  for (;;) {
    TRY_ASSIGN(std::optional<char> c, copier->Peek());
    if (!c || std::string_view(" \t\r\n").find(*c) == std::string_view::npos)
      return space;
    space += *c;
    copier->Take(1);
  }
}

Result<std::string> ReadRecord(Copier* copier, const RecordEdit& edit) {
  TRY_ASSIGN(std::string bytes, copier->ReadTo(edit.end));
  if (bytes.size() != edit.end - edit.begin) return Changed(edit);
  return bytes;
}

// Lines of JSON.
Status RewriteLines(ByteSource* source, Edits edits,
                    const RewriteOptions& options, const ByteSink& sink) {
  Copier copier(source, sink);
  for (const RecordEdit& edit : edits) {
    TRY_ASSIGN(bool there, copier.CopyTo(edit.begin));
    if (!there) return Changed(edit);
    TRY_ASSIGN(std::string record, ReadRecord(&copier, edit));
    TRY_ASSIGN(std::optional<char> next, copier.Peek());
    if (record.find('\n') != std::string::npos || (next && *next != '\n'))
      return Changed(edit);
    if (edit.drop) {
      if (next) copier.Take(1);
      continue;
    }
    size_t size = record.size();
    record.resize(size + kJsonPaddingBytes);
    TRY_ASSIGN(
        std::string cut,
        CutJson(std::string_view(record).substr(0, size), edit, options));
    TRY(sink(cut));
  }
  TRY(copier.CopyTo(UINT64_MAX));
  return {};
}

// Values of JSON, in a list or one after the other. With one that goes, a comma
// goes: that behind it, or if it was the last of its list, that before it.
Status RewriteValues(ByteSource* source, Edits edits,
                     const RewriteOptions& options, const ByteSink& sink) {
  Copier copier(source, sink);
  std::string held;  // separators before the next value
  for (const RecordEdit& edit : edits) {
    TRY_ASSIGN(bool there, copier.CopyToHolding(edit.begin, &held));
    if (!there) return Changed(edit);
    TRY_ASSIGN(std::string record, ReadRecord(&copier, edit));
    if (!edit.drop) {
      size_t size = record.size();
      record.resize(size + kJsonPaddingBytes);
      TRY_ASSIGN(
          std::string cut,
          CutJson(std::string_view(record).substr(0, size), edit, options));
      TRY(sink(held));
      held.clear();
      TRY(sink(cut));
      continue;
    }
    TRY_ASSIGN(std::string space, TakeSpace(&copier));
    TRY_ASSIGN(std::optional<char> next, copier.Peek());
    if (next && *next == ',') {
      copier.Take(1);
      TRY(TakeSpace(&copier));
    } else {
      std::erase(held, ',');
      if (held.empty() && edit.begin > 0) held = space;
    }
  }
  TRY(sink(held));
  TRY(copier.CopyTo(UINT64_MAX));
  return {};
}

// A file that is one record.
Status RewriteWhole(ByteSource* source, const RecordEdit& edit, Format format,
                    const RewriteOptions& options, const ByteSink& sink) {
  const size_t bytes_max =
      options.source.limits.tree.text.document_bytes_max + 1;
  TRY_ASSIGN(std::string bytes, ReadUpTo(source, bytes_max));
  // A text in UTF-16 was read as UTF-8, and goes back to what it was.
  const std::string mark = IsUtf16(bytes) && format == Format::kText
                               ? bytes.substr(0, 2)
                               : std::string();
  if (!mark.empty()) bytes = FromUtf16(bytes).value_or("");
  if (bytes.size() != edit.end) return Changed(edit);
  if (format == Format::kNotebook) {
    bytes.resize(edit.end + kJsonPaddingBytes);
    TRY_ASSIGN(std::string cut,
               CutNotebook(std::string_view(bytes).substr(0, edit.end), edit,
                           options));
    return sink(cut);
  }
  std::vector<std::pair<size_t, size_t>> cuts;
  for (const Cut& cut : edit.cuts) {
    if (!cut.field.empty()) return Changed(edit);
    cuts.push_back({cut.begin, cut.end});
  }
  std::optional<Stretches> stretches = StretchesOf(bytes, std::move(cuts));
  if (!stretches) return Changed(edit);
  const std::string cut = CutText(bytes, *stretches, options.style);
  return sink(mark.empty() ? cut : ToUtf16(cut, mark));
}

// Those of `edits` that are of `path`, or else of something inside of it.
Edits EditsOf(Edits edits, const std::string& path) {
  auto range = [&](const auto& is_of) {
    auto begin = std::find_if(edits.begin(), edits.end(), is_of);
    auto end = std::find_if_not(begin, edits.end(), is_of);
    return Edits(begin, end);
  };
  Edits found =
      range([&](const RecordEdit& edit) { return edit.path == path; });
  if (!found.empty()) return found;
  std::string inside = path + "!";
  return range(
      [&](const RecordEdit& edit) { return edit.path.starts_with(inside); });
}

class ArchiveRewriter {
 public:
  ArchiveRewriter(Packed packed, Edits edits, const RewriteOptions& options,
                  const std::string& spool_folder, const ByteSink& sink)
      : packed_(std::move(packed)),
        edits_(edits),
        options_(options),
        spool_folder_(spool_folder),
        sink_(sink) {}

  Status Run() {
    TarHeaderReader reader(packed_.bytes.get());
    size_t done = 0;
    for (;;) {
      Result<std::optional<TarMember>> next = reader.Next();
      TRY(PutZeros(reader.zeros()));
      if (!next.ok() || !next->has_value()) {
        TRY(sink_(reader.headers()));
        break;
      }
      const std::optional<TarMember>& member = *next;
      std::string path = packed_.place->path + "!" + member->name;
      Edits edits = member->HasText() ? EditsOf(edits_, path) : Edits();
      if (edits.empty()) {
        TRY(sink_(reader.headers()));
        TRY(CopyThrough(member->size + TarPadding(member->size)));
        continue;
      }
      done += edits.size();
      TRY(RewriteMember(*member, path, edits, reader.headers()));
    }
    if (done != edits_.size())
      return Error(Code::kConflict,
                   fmt::format("{}: has changed since it was scanned",
                               packed_.place->path));
    // What comes behind a break is copied as it is.
    return CopyThrough(UINT64_MAX);
  }

 private:
  Status RewriteMember(const TarMember& member, const std::string& path,
                       Edits edits, const std::string& raw) {
    auto place = std::make_shared<FilePlace>(*packed_.place);
    place->path = path;
    uint64_t left = member.size;
    Spool spool(spool_folder_);
    TRY_ASSIGN(bool kept,
               RewriteStream(
                   {.bytes = ReadTarMember(packed_.bytes.get(), &left),
                    .place = std::move(place),
                    .name = member.name,
                    .containers = packed_.containers,
                    .budget = packed_.budget},
                   edits, options_, spool_folder_,
                   [&](std::string_view bytes) { return spool.Put(bytes); }));
    TRY(Skip(left + TarPadding(member.size)));
    if (!kept) return {};
    TRY_ASSIGN(std::string header, WithTarSize(raw, member, spool.size()));
    TRY(sink_(header));
    TRY(spool.CopyTo(sink_));
    return sink_(std::string(TarPadding(spool.size()), '\0'));
  }

  Status PutZeros(uint64_t bytes) {
    std::string zeros(std::min<uint64_t>(bytes, kCopyBytes), '\0');
    for (; bytes > zeros.size(); bytes -= zeros.size()) TRY(sink_(zeros));
    return sink_(std::string_view(zeros).substr(0, bytes));
  }
  Status CopyThrough(uint64_t bytes) { return Read(bytes, sink_); }
  Status Skip(uint64_t bytes) {
    return Read(bytes, [](std::string_view) { return Status(); });
  }
  Status Read(uint64_t bytes, const ByteSink& sink) {
    std::string buffer(std::min<uint64_t>(bytes, kCopyBytes), '\0');
    while (bytes > 0) {
      TRY_ASSIGN(size_t got,
                 packed_.bytes->Read(buffer.data(),
                                     std::min<uint64_t>(bytes, buffer.size())));
      if (got == 0) return {};  // cut off, and so is the copy
      TRY(sink(std::string_view(buffer).substr(0, got)));
      bytes -= got;
    }
    return {};
  }

  Packed packed_;
  Edits edits_;
  const RewriteOptions& options_;
  const std::string& spool_folder_;
  const ByteSink& sink_;
};

Result<bool> RewriteEncoded(Packed packed, Codec codec, Edits edits,
                            const RewriteOptions& options,
                            const std::string& spool_folder,
                            const ByteSink& sink) {
  std::unique_ptr<Encoder> encoder = MakeEncoder(codec);
  std::string out;
  auto encode = [&](std::string_view bytes) -> Status {
    encoder->Encode(bytes, &out);
    if (out.size() < kCopyBytes) return {};
    Status put = sink(out);
    out.clear();
    return put;
  };
  TRY_ASSIGN(bool kept, RewriteStream(std::move(packed), edits, options,
                                      spool_folder, encode));
  if (!kept) return false;
  encoder->Finish(&out);
  TRY(sink(out));
  return true;
}

}  // namespace

Error Changed(const RecordEdit& edit) {
  return Error(Code::kConflict,
               fmt::format("{}: record {} has changed since it was scanned",
                           edit.path, edit.number));
}

Result<bool> RewriteStream(Packed packed, Edits edits,
                           const RewriteOptions& options,
                           const std::string& spool_folder,
                           const ByteSink& sink) {
  Inside inside = LookInside(&packed, options.source.limits);
  if (inside.codec) {
    return RewriteEncoded(std::move(packed), *inside.codec, edits, options,
                          spool_folder, sink);
  }
  if (inside.format == Format::kTar) {
    TRY(ArchiveRewriter(std::move(packed), edits, options, spool_folder, sink)
            .Run());
    return true;
  }
  const RecordEdit& first = edits.front();
  for (const RecordEdit& edit : edits) {
    if (edit.path != packed.place->path) return Changed(edit);
  }
  if (first.number == 0) {
    if (edits.size() > 1) return Changed(edits[1]);
    if (first.drop) return false;
    TRY(RewriteWhole(packed.bytes.get(), first, inside.format, options, sink));
    return true;
  }
  if (inside.format == Format::kJsonLines) {
    TRY(RewriteLines(packed.bytes.get(), edits, options, sink));
    return true;
  }
  if (inside.format == Format::kJson) {
    TRY(RewriteValues(packed.bytes.get(), edits, options, sink));
    return true;
  }
  if (inside.format == Format::kTable) {
    TRY(RewriteTableWithin(packed.bytes.get(), edits, options, spool_folder,
                           sink));
    return true;
  }
  return Changed(first);
}

}  // namespace cofferdam::corpus
