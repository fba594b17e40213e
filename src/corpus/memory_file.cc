#include "corpus/memory_file.h"

#include <memory>
#include <utility>

#include "corpus/text_file.h"
#include "corpus/unpack_internal.h"

namespace cofferdam::corpus {
namespace {

class MemoryBody final : public ChunkBody {
 public:
  MemoryBody(FilePlace place, std::string bytes, const SourceOptions& options)
      : place_(std::make_shared<const FilePlace>(std::move(place))),
        bytes_(std::move(bytes)),
        shared_(std::make_shared<const Unpacking>(Unpacking{options})) {}

  Status Read(ReaderMemory* memory, const RecordVisitor& on_record,
              const PassedVisitor& on_passed) const override {
    if (!IsOneText(place_->path, bytes_)) {
      return ReadPacked(PackedFile(ReadMemory(bytes_), place_), shared_, memory,
                        on_record, on_passed);
    }
    if (auto passed =
            CheckText(place_->path, bytes_, memory->options.limits.tree.text)) {
      on_passed(*passed);
      return {};
    }
    memory->bytes_read += bytes_.size();
    GiveText(place_.get(), place_->path, bytes_, on_record);
    return {};
  }
  size_t bytes() const override { return sizeof(*this) + bytes_.size(); }

 private:
  std::shared_ptr<const FilePlace> place_;
  std::string bytes_;
  std::shared_ptr<const Unpacking> shared_;
};

}  // namespace

Chunk MemoryFile(FilePlace place, std::string bytes,
                 const SourceOptions& options) {
  return Chunk(std::make_unique<MemoryBody>(std::move(place), std::move(bytes),
                                            options));
}

}  // namespace cofferdam::corpus
