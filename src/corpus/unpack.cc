#include <algorithm>
#include <utility>

#include "base/codec.h"
#include "corpus/decoded_source_internal.h"
#include "corpus/memory_file.h"
#include "corpus/table_internal.h"
#include "corpus/unpack_internal.h"
#include "corpus/utf16_internal.h"

namespace cofferdam::corpus {
namespace {

struct Ending {
  std::string_view from;
  std::string_view to;  // what is left of the name once it is decoded
};
constexpr Ending kCodecEndings[] = {
    {".gz", ""},      {".zst", ""},     {".zstd", ""},     {".bz2", ""},
    {".xz", ""},      {".tgz", ".tar"}, {".tzst", ".tar"}, {".tbz2", ".tar"},
    {".tbz", ".tar"}, {".txz", ".tar"}};
constexpr std::pair<std::string_view, Format> kFormatEndings[] = {
    {".jsonl", Format::kJsonLines},
    {".ndjson", Format::kJsonLines},
    {".json", Format::kJson},
    {".ipynb", Format::kNotebook},
    {".tar", Format::kTar}};

std::string LowerName(std::string_view path) {
  std::string lower(path.substr(path.rfind('/') + 1));
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// The longest of all endings is ".parquet" or as long.
constexpr size_t kEndingBytesMax = 8;

// What LowerName ends with from its last dot on, since no ending has another
// dot; empty where that is no ending for its length. Every file of a tree
// passes here: it allocates nothing.
std::string LowerEnding(std::string_view path) {
  path.remove_prefix(path.size() - std::min(path.size(), kEndingBytesMax));
  const size_t dot = path.find_last_of("./");
  if (dot == std::string_view::npos || path[dot] == '/') return {};
  return LowerName(path.substr(dot));
}

// `path` without the ending of a codec; as it is if it has none.
std::string WithoutCodec(const std::string& path) {
  std::string lower = LowerName(path);
  for (const Ending& ending : kCodecEndings) {
    if (lower.ends_with(ending.from) && lower.size() > ending.from.size())
      return path.substr(0, path.size() - ending.from.size()) +
             std::string(ending.to);
  }
  return path;
}

class PassedOverStream final : public ChunkStream {
 public:
  PassedOverStream(Packed packed, PassedOver passed)
      : packed_(std::move(packed)), passed_(std::move(passed)) {}
  Result<std::optional<Chunk>> Next() override {
    if (given_) return std::optional<Chunk>();
    given_ = true;
    return std::optional<Chunk>(PassedOverChunk(passed_));
  }

 private:
  Packed packed_;
  PassedOver passed_;
  bool given_ = false;
};

// Keeps the bytes of a stream that has read them all.
class KeepingStream final : public ChunkStream {
 public:
  KeepingStream(Packed packed, std::unique_ptr<ChunkStream> stream)
      : packed_(std::move(packed)), stream_(std::move(stream)) {}
  Result<std::optional<Chunk>> Next() override { return stream_->Next(); }

 private:
  Packed packed_;
  std::unique_ptr<ChunkStream> stream_;
};

// Whether an object of JSON seems to begin at `begin`: templates and blocks of
// code have braces, too, but neither a string nor the end behind one.
bool BeginsObject(std::string_view head, size_t begin) {
  if (begin == std::string_view::npos || head[begin] != '{') return false;
  const size_t next = head.find_first_not_of(" \t\r\n", begin + 1);
  return next == std::string_view::npos || head[next] == '"' ||
         head[next] == '}';
}

// Whether the first line is a whole object and another one begins behind it.
bool HasObjectLines(std::string_view head) {
  size_t begin = head.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos || head[begin] != '{') return false;
  size_t newline = head.find('\n', begin);
  if (newline == std::string_view::npos) return false;
  size_t last = head.find_last_not_of(" \t\r\n", newline);
  size_t next = head.find_first_not_of(" \t\r\n", newline);
  return head[last] == '}' && next != std::string_view::npos &&
         head[next] == '{';
}

// Whether it seems to: as far as `head` goes, the first line is an object.
bool HasObjectLine(std::string_view head) {
  size_t begin = head.find_first_not_of(" \t\r\n");
  if (!BeginsObject(head, begin)) return false;
  size_t newline = head.find('\n', begin);
  size_t last = head.find_last_not_of(" \t\r\n", newline);
  if (newline == std::string_view::npos)
    return head[last] == '}' || head.size() == kFormatProbeBytes;
  return head[last] == '}' && last > begin + 1;
}

// Jupyter writes a notebook's members by name, so its cells come first.
bool IsNotebookHead(std::string_view head) {
  const size_t begin = head.find_first_not_of("{ \t\r\n");
  return begin != std::string_view::npos &&
         head.substr(begin).starts_with("\"cells\"") &&
         head.find("\"cell_type\"") != std::string_view::npos;
}

}  // namespace

Packed PackedFile(std::unique_ptr<ByteSource> bytes,
                  std::shared_ptr<const FilePlace> place) {
  auto budget = std::make_shared<UnpackBudget>();
  budget->outermost = bytes.get();
  std::string name = place->path;
  return {.bytes = std::move(bytes),
          .place = std::move(place),
          .name = std::move(name),
          .containers = 0,
          .budget = std::move(budget)};
}

std::optional<Format> FormatOfName(std::string_view path) {
  std::string name = LowerName(path);
  for (const auto& [ending, format] : kFormatEndings) {
    if (name.ends_with(ending)) return format;
  }
  if (IsTableName(name)) return Format::kTable;
  size_t dot = name.rfind('.');
  if (dot == std::string::npos || dot == 0) return std::nullopt;
  return Format::kText;
}

bool IsContainerName(std::string_view path) {
  const std::string end = LowerEnding(path);
  if (end.empty()) return false;
  for (const Ending& ending : kCodecEndings) {
    if (end == ending.from) return true;
  }
  for (const auto& [ending, format] : kFormatEndings) {
    if (end == ending) return true;
  }
  return IsTableName(end);
}

Format FormatOfBytes(std::string_view head) {
  if (IsTarHeader(head)) return Format::kTar;
  if (head.starts_with("PAR1") || head.starts_with("ARROW1"))
    return Format::kTable;
  if (head.starts_with("\xef\xbb\xbf")) head.remove_prefix(3);
  if (HasObjectLine(head)) return Format::kJsonLines;
  size_t begin = head.find_first_not_of(" \t\r\n");
  if (BeginsObject(head, begin) && IsNotebookHead(head))
    return Format::kNotebook;
  if (BeginsObject(head, begin) ||
      (begin != std::string_view::npos && head[begin] == '['))
    return Format::kJson;
  return Format::kText;
}

bool IsPackedHead(std::string_view head) {
  return CodecOfBytes(head).has_value() || IsTarHeader(head);
}

bool IsOneText(std::string_view path, std::string_view bytes) {
  if (IsContainerName(path) || CodecOfBytes(bytes) || IsUtf16(bytes))
    return false;
  switch (FormatOfBytes(bytes.substr(0, kFormatProbeBytes))) {
    case Format::kText:
      return true;
    case Format::kTar:
      return false;
    default:
      return FormatOfName(path).has_value();
  }
}

Inside LookInside(Packed* packed, const SourceLimits& limits) {
  std::string head(kFormatProbeBytes, '\0');
  // An error shows again where the stream reads.
  Result<size_t> got = ReadFully(packed->bytes.get(), head.data(), head.size());
  head.resize(got.ok() ? *got : 0);
  packed->bytes = ReadHeaded(head, std::move(packed->bytes));
  Inside inside = {.codec = CodecOfBytes(head), .format = Format::kText};
  if (inside.codec || IsTarHeader(head)) ++packed->containers;
  if (inside.codec) {
    packed->name = WithoutCodec(packed->name);
    packed->bytes = ReadDecoded(std::move(packed->bytes), *inside.codec, limits,
                                packed->budget);
    return inside;
  }
  std::optional<Format> format = FormatOfName(packed->name);
  // Its bytes tell an archive, and lines of JSON under the name of JSON.
  Format seen = FormatOfBytes(head);
  if (!format || seen == Format::kTar) {
    format = seen;
  } else if (*format == Format::kJson && HasObjectLines(head)) {
    format = Format::kJsonLines;
  }
  inside.format = *format;
  return inside;
}

std::unique_ptr<ChunkStream> Unpack(Packed packed,
                                    std::shared_ptr<const Unpacking> shared) {
  const SourceLimits& limits = shared->options.limits;
  Inside inside;
  do {
    inside = LookInside(&packed, limits);
    if (packed.containers > limits.containers_max) {
      PassedOver passed = {packed.place->path, Reason::kTooDeep,
                           "too many containers inside of each other"};
      return std::make_unique<PassedOverStream>(std::move(packed),
                                                std::move(passed));
    }
  } while (inside.codec);
  switch (inside.format) {
    case Format::kJsonLines:
      return UnpackJsonLines(std::move(packed), std::move(shared));
    case Format::kJson:
      return UnpackJson(std::move(packed), std::move(shared));
    case Format::kNotebook:
      return UnpackNotebook(std::move(packed), std::move(shared));
    case Format::kTable: {
      auto table = UnpackTable(packed.bytes.get(), packed.place, shared);
      return std::make_unique<KeepingStream>(std::move(packed),
                                             std::move(table));
    }
    case Format::kTar:
      return UnpackTar(std::move(packed), std::move(shared));
    case Format::kText:
      break;
  }
  return UnpackText(std::move(packed), std::move(shared));
}

Status ReadPacked(Packed packed, std::shared_ptr<const Unpacking> shared,
                  ReaderMemory* memory, const RecordVisitor& on_record,
                  const PassedVisitor& on_passed) {
  return ReadStream(Unpack(std::move(packed), std::move(shared)), memory,
                    on_record, on_passed);
}

Status ReadStream(std::unique_ptr<ChunkStream> stream, ReaderMemory* memory,
                  const RecordVisitor& on_record,
                  const PassedVisitor& on_passed) {
  for (;;) {
    TRY_ASSIGN(std::optional<Chunk> chunk, stream->Next());
    if (!chunk) return {};
    TRY(chunk->body().Read(memory, on_record, on_passed));
  }
}

}  // namespace cofferdam::corpus
