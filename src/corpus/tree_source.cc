#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <thread>
#include <utility>

#include "base/hash.h"
#include "corpus/memory_file.h"
#include "corpus/table_internal.h"
#include "corpus/tree_source_internal.h"

namespace cofferdam::corpus {
namespace {

using Step = std::variant<Document, PassedOver>;

void SetPlace(const Document& document, FilePlace* place) {
  place->path = place->outer = document.path;
  place->repository = document.repository;
  place->path_in_repository = document.path_in_repository;
}

std::shared_ptr<const FilePlace> PlaceOf(const Document& document) {
  auto place = std::make_shared<FilePlace>();
  SetPlace(document, place.get());
  return place;
}

FinalLink LinkRule(const Document& document) {
  return document.named ? FinalLink::kFollow : FinalLink::kRefuse;
}

// Of the file, or of what a symbolic link leads to; 0 if it cannot be asked.
uint64_t SizeOf(const std::string& path) {
  struct stat status;
  if (::stat(path.c_str(), &status) != 0) return 0;
  return static_cast<uint64_t>(std::max<off_t>(status.st_size, 0));
}

// What tells a file from another one of its name without reading it.
uint64_t ShapeOf(const std::string& path, uint64_t seed) {
  const uint64_t shape = Hash64(path, seed);
  struct stat status;
  if (::stat(path.c_str(), &status) != 0) return shape;
  const std::array<int64_t, 3> known = {status.st_size, status.st_mtim.tv_sec,
                                        status.st_mtim.tv_nsec};
  return Hash64({reinterpret_cast<const char*>(known.data()), sizeof(known)},
                shape);
}

// Files, and what was passed over between them; opened by the worker.
class FilesBody final : public ChunkBody {
 public:
  FilesBody(std::vector<Step> steps, std::shared_ptr<const Unpacking> shared,
            std::shared_ptr<std::atomic<uint64_t>> done)
      : steps_(std::move(steps)),
        shared_(std::move(shared)),
        done_(std::move(done)) {}

  Status Read(ReaderMemory* memory, const RecordVisitor& on_record,
              const PassedVisitor& on_passed) const override {
    Texts texts;
    for (const Step& step : steps_) {
      if (const auto* passed = std::get_if<PassedOver>(&step)) {
        on_passed(*passed);
        continue;
      }
      const Document& document = std::get<Document>(step);
      if (IsContainerName(document.path)) {
        TRY(ReadContainer(document, memory, on_record, on_passed));
      } else {
        TRY(ReadText(document, &texts, memory, on_record, on_passed));
      }
    }
    return {};
  }
  size_t bytes() const override {
    return sizeof(*this) + steps_.size() * sizeof(Step);
  }
  uint64_t shape() const override {
    uint64_t shape = steps_.size();
    for (const Step& step : steps_) {
      const auto* document = std::get_if<Document>(&step);
      if (document != nullptr) shape = ShapeOf(document->path, shape);
    }
    return shape;
  }

 private:
  // Memory for a larger text is given back.
  static constexpr size_t kTextKeptBytes = size_t{4} << 20;

  // What goes from one text of the chunk to the next.
  struct Texts {
    ListedFiles files;
    FilePlace place;
  };

  Status ReadText(const Document& document, Texts* texts, ReaderMemory* memory,
                  const RecordVisitor& on_record,
                  const PassedVisitor& on_passed) const {
    std::string& text = memory->text;
    const auto passed = ReadDocument(document, memory->options.limits.tree.text,
                                     &texts->files, &text);
    // What it read of a file that is no text is the begin of it.
    if (!IsOneText(document.path, text))
      return ReadContainer(document, memory, on_record, on_passed);
    if (passed) {
      *done_ += SizeOf(document.path);
      on_passed(*passed);
      return {};
    }
    memory->bytes_read += text.size();
    *done_ += text.size();
    SetPlace(document, &texts->place);
    GiveText(&texts->place, document.path, text, on_record);
    if (text.capacity() > kTextKeptBytes) text = {};
    return {};
  }

  Status ReadContainer(const Document& document, ReaderMemory* memory,
                       const RecordVisitor& on_record,
                       const PassedVisitor& on_passed) const {
    auto opened = OpenRegularFile(document.path, LinkRule(document));
    if (auto* passed = std::get_if<PassedOver>(&opened)) {
      on_passed(*passed);
      return {};
    }
    OpenFile& file = std::get<OpenFile>(opened);
    if (FormatOfName(document.path) == Format::kTable) {
      return ReadStream(UnpackTableFile(std::move(file.file), PlaceOf(document),
                                        shared_, done_),
                        memory, on_record, on_passed);
    }
    *done_ += file.bytes;
    return ReadPacked(
        PackedFile(ReadDescriptor(std::move(file.file)), PlaceOf(document)),
        shared_, memory, on_record, on_passed);
  }

  std::vector<Step> steps_;
  std::shared_ptr<const Unpacking> shared_;
  std::shared_ptr<std::atomic<uint64_t>> done_;
};

// Adds up what a walk finds, in a thread of its own.
class ByteCount {
 public:
  explicit ByteCount(TreeWalk walk)
      : thread_([this, walk = std::move(walk)]() mutable { Run(&walk); }) {}
  ~ByteCount() {
    stop_ = true;
    thread_.join();
  }

  // 0 until it has been through.
  uint64_t bytes() const { return bytes_; }

 private:
  void Run(TreeWalk* walk) {
    uint64_t bytes = 0;
    while (!stop_) {
      const std::optional<Step> step = walk->Next();
      if (!step) {
        bytes_ = bytes;
        return;
      }
      if (const auto* document = std::get_if<Document>(&*step))
        bytes += SizeOf(document->path);
    }
  }

  std::atomic<uint64_t> bytes_ = 0;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

class TreeSource final : public Source {
 public:
  // `counted` may be empty; else it is a walk over the same.
  TreeSource(TreeWalk walk, uint64_t bytes_total,
             std::optional<TreeWalk> counted,
             std::shared_ptr<const Unpacking> shared)
      : walk_(std::move(walk)),
        bytes_total_(bytes_total),
        shared_(std::move(shared)) {
    if (counted) count_ = std::make_unique<ByteCount>(*std::move(counted));
  }

  Result<std::optional<Chunk>> Next() override {
    TRY_ASSIGN(std::optional<Chunk> chunk, NextChunk());
    if (chunk) chunk->set_number(chunks_++);
    return chunk;
  }
  uint64_t bytes_total() const override {
    return count_ == nullptr ? bytes_total_ : count_->bytes();
  }
  uint64_t bytes_done() const override {
    return bytes_done_ + *files_done_ +
           (bytes_ == nullptr ? 0 : bytes_->bytes_taken());
  }
  std::vector<std::string> notices() const override { return walk_.notices(); }

 private:
  Result<std::optional<Chunk>> NextChunk() {
    std::vector<Step> files;
    uint64_t container_bytes = 0;
    auto take_files = [&] {
      return std::optional<Chunk>(Chunk(
          std::make_unique<FilesBody>(std::move(files), shared_, files_done_)));
    };
    for (;;) {
      if (stream_ != nullptr) {
        TRY_ASSIGN(std::optional<Chunk> chunk, stream_->Next());
        if (chunk)
          return std::optional<Chunk>(WithShape(*std::move(chunk), shape_));
        if (bytes_ != nullptr) bytes_done_ += bytes_->bytes_taken();
        stream_.reset();
        bytes_ = nullptr;
      }
      std::optional<Step> step = std::move(waiting_);
      waiting_.reset();
      if (!step) step = walk_.Next();
      if (!step) {
        if (files.empty()) return std::optional<Chunk>();
        return take_files();
      }
      if (uint64_t bytes = ContainerBytes(*step);
          bytes > kWholeContainerBytesMax) {
        if (!files.empty()) {
          waiting_ = std::move(step);
          return take_files();
        }
        if (auto passed = Open(std::get<Document>(*step))) return passed;
        continue;
      } else {
        container_bytes += bytes;
      }
      files.push_back(*std::move(step));
      if (files.size() == kChunkFilesMax || container_bytes >= kChunkBytes)
        return take_files();
    }
  }

  // 0 for what is no container by its name.
  static uint64_t ContainerBytes(const Step& step) {
    const auto* document = std::get_if<Document>(&step);
    if (document == nullptr || !IsContainerName(document->path)) return 0;
    // What cannot be read, the worker will say.
    return SizeOf(document->path);
  }

  // Sets stream_, or says why not.
  std::optional<Chunk> Open(const Document& document) {
    auto opened = OpenRegularFile(document.path, LinkRule(document));
    if (auto* passed = std::get_if<PassedOver>(&opened))
      return PassedOverChunk(std::move(*passed));
    OpenFile& file = std::get<OpenFile>(opened);
    shape_ = ShapeOf(document.path, 0);
    if (FormatOfName(document.path) == Format::kTable) {
      // Its parts are read by the workers, from any place of the file.
      stream_ = UnpackTableFile(std::move(file.file), PlaceOf(document),
                                shared_, files_done_);
      return std::nullopt;
    }
    auto bytes = ReadDescriptor(std::move(file.file));
    bytes_ = bytes.get();
    stream_ = Unpack(PackedFile(std::move(bytes), PlaceOf(document)), shared_);
    return std::nullopt;
  }

  TreeWalk walk_;
  uint64_t bytes_total_;
  std::unique_ptr<const ByteCount> count_;
  std::shared_ptr<const Unpacking> shared_;
  uint64_t chunks_ = 0;
  std::optional<Step> waiting_;  // found, but after the files before it
  std::unique_ptr<ChunkStream> stream_;
  uint64_t shape_ = 0;                 // of the file of stream_
  const ByteSource* bytes_ = nullptr;  // of stream_
  uint64_t bytes_done_ = 0;
  std::shared_ptr<std::atomic<uint64_t>> files_done_ =
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
  const TreeLimits& limits = shared->options.limits.tree;
  TRY_ASSIGN(TreeWalk walk, TreeWalk::Open(paths, limits));
  const uint64_t bytes = BytesOf(paths);
  std::optional<TreeWalk> counted;
  if (bytes == 0 && shared->options.total == TotalBytes::kCount) {
    TRY_ASSIGN(counted, TreeWalk::Open(paths, limits));
  }
  return std::unique_ptr<Source>(std::make_unique<TreeSource>(
      std::move(walk), bytes, std::move(counted), std::move(shared)));
}

}  // namespace cofferdam::corpus
