#include <utility>

#include "corpus/unpack_internal.h"

namespace cofferdam::corpus {
namespace {

// A file that is one text, read already.
class TextBody final : public ChunkBody {
 public:
  TextBody(std::shared_ptr<const FilePlace> place, std::string text)
      : place_(std::move(place)), text_(std::move(text)) {}

  Status Read(ReaderMemory* memory, const RecordVisitor& on_record,
              const PassedVisitor& on_passed) const override {
    if (auto passed =
            CheckText(place_->path, text_, memory->options.limits.tree.text)) {
      on_passed(*passed);
      return {};
    }
    memory->bytes_read += text_.size();
    GiveText(place_.get(), text_, on_record);
    return {};
  }
  size_t bytes() const override { return text_.size(); }

 private:
  std::shared_ptr<const FilePlace> place_;
  std::string text_;
};

class TextStream final : public ChunkStream {
 public:
  TextStream(std::unique_ptr<ByteSource> bytes,
             std::shared_ptr<const FilePlace> place,
             std::shared_ptr<const Unpacking> shared)
      : bytes_(std::move(bytes)),
        place_(std::move(place)),
        shared_(std::move(shared)) {}

  Result<std::optional<Chunk>> Next() override {
    if (ended_) return std::optional<Chunk>();
    ended_ = true;
    const TextLimits& limits = shared_->options.limits.tree.text;
    // One byte more shows that it is too long.
    const size_t bytes_max = limits.document_bytes_max + 1;
    std::string text;
    size_t step = kTextProbeBytes;
    while (text.size() < bytes_max) {
      size_t have = text.size();
      step = std::min(std::max(step, have), bytes_max - have);
      text.resize(have + step);
      Result<size_t> got = bytes_->Read(text.data() + have, step);
      if (!got.ok()) {
        return std::optional<Chunk>(
            PassedOverChunk(PassedOverFor(place_->path, got.error())));
      }
      text.resize(have + *got);
      if (*got == 0) break;
      // What is no text need not be read to its end.
      if (have < kTextProbeBytes && text.size() >= kTextProbeBytes) {
        std::string_view head =
            std::string_view(text).substr(0, kTextProbeBytes);
        if (LooksBinary(head)) break;
      }
    }
    return std::optional<Chunk>(
        Chunk(std::make_unique<TextBody>(place_, std::move(text))));
  }

 private:
  std::unique_ptr<ByteSource> bytes_;
  std::shared_ptr<const FilePlace> place_;
  std::shared_ptr<const Unpacking> shared_;
  bool ended_ = false;
};

}  // namespace

void GiveText(const FilePlace* place, std::string_view text,
              const RecordVisitor& on_record) {
  Field field = {.name = {}, .text = text, .language_hint = {}};
  Record record = {.file = place,
                   .number = 0,
                   .begin = 0,
                   .end = text.size(),
                   .path_hint = place->path,
                   .language_hint = {},
                   .fields = {&field, 1},
                   .claims = {}};
  on_record(record);
}

std::unique_ptr<ChunkStream> UnpackText(
    std::unique_ptr<ByteSource> bytes, std::shared_ptr<const FilePlace> place,
    std::shared_ptr<const Unpacking> shared) {
  return std::make_unique<TextStream>(std::move(bytes), std::move(place),
                                      std::move(shared));
}

}  // namespace cofferdam::corpus
