#include <algorithm>
#include <utility>

#include "corpus/unpack_internal.h"
#include "corpus/utf16_internal.h"

namespace cofferdam::corpus {
namespace {

// A file that is one text, read already.
class TextBody final : public ChunkBody {
 public:
  TextBody(std::shared_ptr<const FilePlace> place, std::string name,
           std::string text)
      : place_(std::move(place)),
        name_(std::move(name)),
        text_(std::move(text)) {}

  Status Read(ReaderMemory* memory, const RecordVisitor& on_record,
              const PassedVisitor& on_passed) const override {
    if (auto passed =
            CheckText(place_->path, text_, memory->options.limits.tree.text)) {
      on_passed(*passed);
      return {};
    }
    memory->bytes_read += text_.size();
    GiveText(place_.get(), name_, text_, on_record);
    return {};
  }
  size_t bytes() const override { return text_.size(); }

 private:
  std::shared_ptr<const FilePlace> place_;
  std::string name_;
  std::string text_;
};

class TextStream final : public ChunkStream {
 public:
  TextStream(Packed packed, std::shared_ptr<const Unpacking> shared)
      : packed_(std::move(packed)), shared_(std::move(shared)) {}

  Result<std::optional<Chunk>> Next() override {
    if (ended_) return std::optional<Chunk>();
    ended_ = true;
    const TextLimits& limits = shared_->options.limits.tree.text;
    // What is no text need not be read to its end. One byte more than the limit
    // shows that it is too long.
    std::string head;
    Result<std::string> text = ReadUpTo(packed_.bytes.get(), kTextProbeBytes);
    if (text.ok() && text->size() == kTextProbeBytes &&
        (!LooksBinary(*text) || IsUtf16(*text))) {
      head = *std::move(text);
      text = ReadUpTo(packed_.bytes.get(),
                      limits.document_bytes_max + 1 - kTextProbeBytes);
    }
    if (!text.ok()) {
      return std::optional<Chunk>(
          PassedOverChunk(PassedOverFor(packed_.place->path, text.error())));
    }
    head += *text;
    if (IsUtf16(head) && head.size() <= limits.document_bytes_max) {
      if (auto utf8 = FromUtf16(head)) head = *std::move(utf8);
    }
    return std::optional<Chunk>(Chunk(std::make_unique<TextBody>(
        packed_.place, packed_.name, std::move(head))));
  }

 private:
  Packed packed_;
  std::shared_ptr<const Unpacking> shared_;
  bool ended_ = false;
};

}  // namespace

void GiveText(const FilePlace* place, std::string_view name,
              std::string_view text, const RecordVisitor& on_record) {
  Field field = {.name = {}, .text = text, .language_hint = {}};
  Record record = {.file = place,
                   .number = 0,
                   .begin = 0,
                   .end = text.size(),
                   .path_hint = name,
                   .language_hint = {},
                   .fields = {&field, 1},
                   .claims = {}};
  on_record(record);
}

std::unique_ptr<ChunkStream> UnpackText(
    Packed packed, std::shared_ptr<const Unpacking> shared) {
  return std::make_unique<TextStream>(std::move(packed), std::move(shared));
}

}  // namespace cofferdam::corpus
