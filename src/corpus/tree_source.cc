#include <sys/stat.h>

#include <atomic>
#include <utility>

#include "corpus/table_internal.h"
#include "corpus/tree_source_internal.h"

namespace cofferdam::corpus {
namespace {

using Step = std::variant<Document, PassedOver>;

std::shared_ptr<const FilePlace> PlaceOf(const Document& document) {
  auto place = std::make_shared<FilePlace>();
  place->path = place->outer = document.path;
  place->repository = document.repository;
  place->path_in_repository = document.path_in_repository;
  return place;
}

FinalLink LinkRule(const Document& document) {
  return document.named ? FinalLink::kFollow : FinalLink::kRefuse;
}

// Files that are one text each, and what was passed over between them; opened
// by the worker.
class TextFilesBody final : public ChunkBody {
 public:
  TextFilesBody(std::vector<Step> steps,
                std::shared_ptr<std::atomic<uint64_t>> done)
      : steps_(std::move(steps)), done_(std::move(done)) {}

  Status Read(ReaderMemory* memory, const RecordVisitor& on_record,
              const PassedVisitor& on_passed) const override {
    for (const Step& step : steps_) {
      if (const auto* passed = std::get_if<PassedOver>(&step)) {
        on_passed(*passed);
        continue;
      }
      const Document& document = std::get<Document>(step);
      if (auto passed = ReadDocument(document, memory->options.limits.tree.text,
                                     &memory->text)) {
        on_passed(*passed);
        continue;
      }
      memory->bytes_read += memory->text.size();
      *done_ += memory->text.size();
      GiveText(PlaceOf(document).get(), memory->text, on_record);
      if (memory->text.capacity() > kTextKeptBytes) memory->text = {};
    }
    return {};
  }
  size_t bytes() const override {
    return sizeof(*this) + steps_.size() * sizeof(Step);
  }

 private:
  // Memory for a larger text is given back.
  static constexpr size_t kTextKeptBytes = size_t{4} << 20;

  std::vector<Step> steps_;
  std::shared_ptr<std::atomic<uint64_t>> done_;
};

// A container that the worker unpacks.
class ContainerBody final : public ChunkBody {
 public:
  ContainerBody(Document document, Format format,
                std::shared_ptr<const Unpacking> shared)
      : document_(std::move(document)),
        format_(format),
        shared_(std::move(shared)) {}

  Status Read(ReaderMemory* memory, const RecordVisitor& on_record,
              const PassedVisitor& on_passed) const override {
    auto opened = OpenRegularFile(document_.path, LinkRule(document_));
    if (auto* passed = std::get_if<PassedOver>(&opened)) {
      on_passed(*passed);
      return {};
    }
    auto stream =
        Unpack(ReadDescriptor(std::move(std::get<OpenFile>(opened).file)),
               PlaceOf(document_), format_, shared_);
    for (;;) {
      TRY_ASSIGN(std::optional<Chunk> chunk, stream->Next());
      if (!chunk) return {};
      TRY(chunk->body().Read(memory, on_record, on_passed));
    }
  }
  size_t bytes() const override { return sizeof(*this); }

 private:
  Document document_;
  Format format_;
  std::shared_ptr<const Unpacking> shared_;
};

class TreeSource final : public Source {
 public:
  TreeSource(TreeWalk walk, uint64_t bytes_total,
             std::shared_ptr<const Unpacking> shared)
      : walk_(std::move(walk)),
        bytes_total_(bytes_total),
        shared_(std::move(shared)) {}

  Result<std::optional<Chunk>> Next() override {
    TRY_ASSIGN(std::optional<Chunk> chunk, NextChunk());
    if (chunk) chunk->set_number(chunks_++);
    return chunk;
  }
  uint64_t bytes_total() const override { return bytes_total_; }
  uint64_t bytes_done() const override {
    return bytes_done_ + *texts_done_ +
           (bytes_ == nullptr ? 0 : bytes_->bytes_taken());
  }
  std::vector<std::string> notices() const override { return walk_.notices(); }

 private:
  Result<std::optional<Chunk>> NextChunk() {
    std::vector<Step> texts;
    auto take_texts = [&] {
      return std::optional<Chunk>(Chunk(
          std::make_unique<TextFilesBody>(std::move(texts), texts_done_)));
    };
    for (;;) {
      if (stream_ != nullptr) {
        TRY_ASSIGN(std::optional<Chunk> chunk, stream_->Next());
        if (chunk) return chunk;
        if (bytes_ != nullptr) bytes_done_ += bytes_->bytes_taken();
        stream_.reset();
        bytes_ = nullptr;
      }
      std::optional<Step> step = std::move(waiting_);
      waiting_.reset();
      if (!step) step = walk_.Next();
      if (!step) {
        if (texts.empty()) return std::optional<Chunk>();
        return take_texts();
      }
      const auto* document = std::get_if<Document>(&*step);
      std::optional<Format> format;
      if (document != nullptr) format = FormatOfName(document->path);
      if (!format) {
        texts.push_back(*std::move(step));
        if (texts.size() == kChunkFilesMax) return take_texts();
        continue;
      }
      if (!texts.empty()) {
        waiting_ = std::move(step);
        return take_texts();
      }
      if (auto chunk = Open(*document, *format)) return chunk;
    }
  }

  // Sets stream_ for a large container; else a chunk.
  std::optional<Chunk> Open(const Document& document, Format format) {
    auto opened = OpenRegularFile(document.path, LinkRule(document));
    if (auto* passed = std::get_if<PassedOver>(&opened))
      return PassedOverChunk(std::move(*passed));
    OpenFile& file = std::get<OpenFile>(opened);
    if (file.bytes <= kWholeContainerBytesMax) {
      bytes_done_ += file.bytes;
      return Chunk(std::make_unique<ContainerBody>(document, format, shared_));
    }
    if (format == Format::kTable) {
      // Its parts are read by the workers, from any place of the file.
      stream_ = UnpackTableFile(std::move(file.file), PlaceOf(document),
                                shared_, texts_done_);
      return std::nullopt;
    }
    auto bytes = ReadDescriptor(std::move(file.file));
    bytes_ = bytes.get();
    stream_ = Unpack(std::move(bytes), PlaceOf(document), format, shared_);
    return std::nullopt;
  }

  TreeWalk walk_;
  uint64_t bytes_total_;
  std::shared_ptr<const Unpacking> shared_;
  uint64_t chunks_ = 0;
  std::optional<Step> waiting_;  // found, but after the texts before it
  std::unique_ptr<ChunkStream> stream_;
  const ByteSource* bytes_ = nullptr;  // of stream_
  uint64_t bytes_done_ = 0;
  std::shared_ptr<std::atomic<uint64_t>> texts_done_ =
      std::make_shared<std::atomic<uint64_t>>(0);
};

// Of given paths that are files; 0 if one is a folder.
uint64_t BytesOf(const std::vector<std::string>& paths) {
  uint64_t bytes = 0;
  for (const std::string& path : paths) {
    struct stat status;
    if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode))
      return 0;
    bytes += static_cast<uint64_t>(status.st_size);
  }
  return bytes;
}

}  // namespace

Result<std::unique_ptr<Source>> OpenTree(
    const std::vector<std::string>& paths,
    std::shared_ptr<const Unpacking> shared) {
  TRY_ASSIGN(TreeWalk walk, TreeWalk::Open(paths, shared->options.limits.tree));
  return std::unique_ptr<Source>(std::make_unique<TreeSource>(
      std::move(walk), BytesOf(paths), std::move(shared)));
}

}  // namespace cofferdam::corpus
