#include "corpus/source_testing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace cofferdam::corpus {
namespace {

// Gives `bytes` in pieces of `step`, then fails if `failure` is set.
class Pieces final : public ByteSource {
 public:
  Pieces(std::string bytes, size_t step, std::optional<Error> failure)
      : bytes_(std::move(bytes)), step_(step), failure_(std::move(failure)) {}
  Result<size_t> Read(char* into, size_t bytes_max) override {
    size_t size = std::min({step_, bytes_max, bytes_.size() - at_});
    if (size == 0 && failure_) return *failure_;
    std::memcpy(into, bytes_.data() + at_, size);
    at_ += size;
    return size;
  }
  uint64_t bytes_taken() const override { return at_; }

 private:
  std::string bytes_;
  size_t step_;
  std::optional<Error> failure_;
  size_t at_ = 0;
};

}  // namespace

std::unique_ptr<ByteSource> ReadPieces(std::string bytes, size_t step,
                                       std::optional<Error> failure) {
  return std::make_unique<Pieces>(std::move(bytes), step, std::move(failure));
}

Seen ReadAll(Source* source, const SourceOptions& options) {
  Seen seen;
  ChunkReader reader(options);
  for (;;) {
    auto chunk = source->Next();
    EXPECT_TRUE(chunk.ok());
    if (!chunk.ok() || !chunk->has_value()) return seen;
    EXPECT_EQ((**chunk).number(), seen.chunks);
    ++seen.chunks;
    Status read = reader.Read(
        **chunk,
        [&](const Record& record) {
          std::string text = record.file->path + "#" +
                             std::to_string(record.number) + " [" +
                             std::to_string(record.begin) + "," +
                             std::to_string(record.end) + ")";
          for (const Field& field : record.fields)
            text +=
                " " + std::string(field.name) + "=" + std::string(field.text);
          seen.records.push_back(text);
        },
        [&](const PassedOver& passed) {
          seen.passed.push_back(
              passed.path + "#" + std::to_string(passed.record) + "+" +
              std::to_string(passed.records) + " " +
              std::string(ReasonName(passed.reason)) +
              (passed.detail.empty() ? "" : " " + passed.detail));
        });
    EXPECT_TRUE(read.ok());
  }
}

Seen ReadBytes(std::string bytes, const std::string& path,
               const SourceOptions& options, size_t step) {
  uint64_t size = bytes.size();
  auto source =
      OpenStream(ReadPieces(std::move(bytes), step), path, size, options);
  Seen seen = ReadAll(source.get(), options);
  EXPECT_LE(source->bytes_done(), size);
  return seen;
}

std::string Compress(Codec codec, std::string_view text) {
  std::string out;
  auto encoder = MakeEncoder(codec);
  encoder->Encode(text, &out);
  encoder->Finish(&out);
  return out;
}

}  // namespace cofferdam::corpus
